/** Plain data that shares nothing with what it was copied from, and the buffers in it: a message may hand them over. */
export interface OwnCopy<T> {
  readonly copy: T;
  readonly buffers: ArrayBuffer[];
}

/**
 * Copies plain data. Of an array that is a view, only what is seen is copied, where a structured clone takes the whole
 * buffer along.
 */
export function ownCopy<T>(value: T): OwnCopy<T> {
  const buffers: ArrayBuffer[] = [];
  const copyOf = (part: unknown): unknown => {
    if (ArrayBuffer.isView(part) && !(part instanceof DataView)) {
      const copy = (part as Uint8Array).slice();
      buffers.push(copy.buffer);
      return copy;
    }
    if (Array.isArray(part)) return part.map(copyOf);
    if (typeof part !== 'object' || part === null || !isPlain(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, copyOf(each)]));
  };
  const copy = copyOf(value) as T;
  return { copy, buffers };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
