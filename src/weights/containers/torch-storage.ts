import { bytesPerElement } from '../convert.js';
import { quoted } from './container-error.js';
import { isKind, type PickleStorage, type PickleValue } from './pickle-values.js';

/** Longest name of a record. */
const LONGEST_KEY = 1024;

/**
 * Describes a storage from its persistent id:
 * `('storage', class, key, location, count)`; in legacy streams a sixth item is None, or `(key, offset, count)` of a view.
 * The location (`cuda:0`) does not matter.
 */
export function parseStorage(id: PickleValue, fail: (problem: string) => never): PickleStorage {
  if (!isKind(id, 'tuple')) return fail('an id is no tuple');
  const [tag, type, key, , count, view] = id.items;
  if (textOf(tag) === 'module')
    return fail('holds a whole Python module, not only weights: save its state dict instead');
  const keyText = textOf(key);
  if (
    textOf(tag) !== 'storage' ||
    !isKind(type, 'global') ||
    type.role !== 'storage-class' ||
    keyText === undefined
  ) {
    return fail('an id is not that of a storage');
  }
  const elementBytes = type.type === undefined || type.type === 'bytes' ? 1 : bytesPerElement(type.type);
  if (typeof count !== 'number' || !Number.isSafeInteger(count * elementBytes) || count < 0) {
    return fail(`the storage ${quoted(keyText)} has no valid size`);
  }
  const offset = viewOffset(view, count, fail);
  return { kind: 'storage', key: keyText, type: type.type ?? 'bytes', elementBytes, count, offset };
}

function viewOffset(view: PickleValue | undefined, count: number, fail: (problem: string) => never): number {
  if (view === undefined || view === null) return 0;
  const [, offset, length] = isKind(view, 'tuple') ? view.items : [];
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (
    valid &&
    (offset as number) >= 0 &&
    (length as number) >= 0 &&
    (offset as number) + (length as number) <= count
  ) {
    return offset as number;
  }
  return fail('a view of a storage does not lie in it');
}

function textOf(value: PickleValue | undefined): string | undefined {
  const text =
    isKind(value, 'bytes') && value.bytes.byteLength <= LONGEST_KEY
      ? new TextDecoder().decode(value.bytes)
      : value;
  return typeof text === 'string' && text.length <= LONGEST_KEY ? text : undefined;
}
