/**
 * Where a browser keeps files: small named pieces, in folders. Names of folders and pieces are hexadecimal digits or come
 * from this library; what strangers call their files stands inside of pieces only.
 */
export interface PartStore {
  /** A piece, or `undefined` when there is none. Its bytes stay in the store until they are read. */
  read(folder: string, name: string): Promise<Blob | undefined>;
  /** Writes a piece whole; until then the one before stays. */
  write(folder: string, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Removes a folder with all pieces, if it is there. */
  remove(folder: string): Promise<void>;
  /** Names of all folders. */
  folders(): Promise<string[]>;
}

/** The name that all stores go by, so that several pages of an origin share what they keep. */
export const storeName = 'animatediff-js';
