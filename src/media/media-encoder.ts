import type { EncodeOptions } from './encode-options.js';
import type { Frame } from './frame.js';

/** One file format that frames can be written as. An object literal with these members is one. */
export interface MediaEncoder {
  /** Name for people: `GIF`. */
  readonly name: string;
  /** File name endings, lower case, with the dot. The first is the usual one. */
  readonly endings: readonly string[];
  /** MIME type, such as `image/gif`. */
  readonly mediaType: string;
  /** The frames as a file's bytes, with the format's own defaults for everything that is not in the options. */
  encode(frames: readonly Frame[], options?: EncodeOptions): Promise<Uint8Array>;
}
