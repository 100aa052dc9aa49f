/** A source on its way to a worker. */
export type SourceHandle =
  /** A Blob goes over itself: its bytes are not copied, and the page is not asked for them. */
  | { readonly travels: 'blob'; readonly name: string; readonly blob: Blob }
  /** Anything else stays where it is and is read by calls. */
  | {
      readonly travels: 'source';
      readonly name: string;
      readonly kind: 'file' | 'folder';
      readonly source: number;
    };

/** Names a source that stayed on the page. */
export interface SourceId {
  readonly source: number;
}

/** What a worker asks of the page's sources: the members of `ByteSource` and `FolderSource`. */
export interface SourceCalls {
  sourceSize: { request: SourceId; answer: number };
  sourceRead: {
    request: SourceId & { readonly offset: number; readonly length: number };
    answer: Uint8Array;
  };
  sourceFingerprint: { request: SourceId; answer: string | undefined };
  sourceClose: { request: SourceId; answer: undefined };
  sourceFile: { request: SourceId & { readonly path: string }; answer: SourceHandle | undefined };
}
