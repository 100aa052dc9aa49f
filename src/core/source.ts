/** Options of every asynchronous read. */
export interface ReadOptions {
  /** Cancels the read; it rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/**
 * Random access to the bytes of one file, wherever it lies: disk, URL, Blob or memory. Anyone can write one: an
 * object literal with these members is a source.
 */
export interface ByteSource {
  readonly kind: 'file';
  /** Shown in errors and events: a path, URL or file name. */
  readonly name: string;
  /** Size of the file in bytes. */
  size(options?: ReadOptions): Promise<number>;
  /**
   * The bytes `[offset, offset + length)`, exactly that many, in memory that the caller may keep.
   * @throws `weights-format` when the file ends before.
   */
  read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>;
  /**
   * A string that changes whenever the content may have changed (path, size and times of a file; ETag of a URL; a
   * digest of bytes). `undefined` when there is none: what is derived from this source is then never cached on disk.
   */
  fingerprint(options?: ReadOptions): Promise<string | undefined>;
  /** The file itself, where it is a `Blob`: a worker is sent it instead of asking for each read. */
  readonly blob?: Blob | undefined;
  /** Lets go of handles. A later read opens them again. */
  close(): Promise<void>;
}

/** A folder of files, such as a diffusers model: `unet/config.json` is asked for by that relative path. */
export interface FolderSource {
  readonly kind: 'folder';
  readonly name: string;
  /** The file at a relative, `/`-separated path, or `undefined` when there is none. */
  file(path: string, options?: ReadOptions): Promise<ByteSource | undefined>;
}

/** What a model may be loaded from. */
export type ModelSource = ByteSource | FolderSource;
