/** The media door: frames to files, anywhere JavaScript runs. */

export { encodeApng } from './media/apng.js';
export { type ContactSheetOptions, contactSheet } from './media/contact-sheet.js';
export type { EncodeOptions, EncodeProgress, OnEncodeProgress } from './media/encode-options.js';
export { encoderForPath, mediaTypeOf, portableEncoders } from './media/encoder-for-path.js';
export type { Frame } from './media/frame.js';
export { encodeGif, type GifOptions } from './media/gif.js';
export type { GifDither } from './media/gif-dither.js';
export type { MediaEncoder } from './media/media-encoder.js';
export { encodePng, type PngOptions } from './media/png.js';
export { encodeWebp, type WebpOptions } from './media/webp.js';
