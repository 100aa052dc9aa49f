import { bytesPerElement } from '../convert.js';
import type { TensorEntry, WeightType } from '../weight-store.js';
import { containerError, quoted } from './container-error.js';
import { checkedProduct, limits, nameFits } from './container-limits.js';
import { HeaderScanner } from './header-scanner.js';
import { refusedTypes, typesByName } from './safetensors-types.js';

/** A tensor of a safetensors header and its bytes `[begin, end)`, counted from the start of the data. */
export interface PlacedTensor extends TensorEntry {
  readonly begin: number;
  readonly end: number;
}

/** What a safetensors header says. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, PlacedTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

const METADATA_KEY = '__metadata__';
/** The header, an entry, and six more. */
const NESTING = 8;

/**
 * Parses and checks a header as the reference implementation does, and more strictly where it lets duplicates pass.
 * @throws `weights-format` naming what is wrong.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, file: string): SafetensorsHeader {
  const scanner = new HeaderScanner(decode(bytes, file), file);
  const tensors = new Map<string, PlacedTensor>();
  let metadata: Map<string, string> | undefined;
  scanner.object((name) => {
    if (name === METADATA_KEY) {
      if (metadata !== undefined) scanner.fail('__metadata__ comes twice');
      metadata = scanMetadata(scanner);
      return;
    }
    if (tensors.has(name)) scanner.fail(`the tensor ${quoted(name)} comes twice`);
    if (tensors.size === limits.tensors) scanner.fail(`there are more than ${limits.tensors} tensors`);
    if (!nameFits(name)) scanner.fail(`the name ${quoted(name)} is longer than ${limits.nameBytes} bytes`);
    tensors.set(name, scanTensor(scanner, name));
  });
  scanner.end();
  return { tensors, metadata: metadata ?? new Map() };
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw containerError(file, 'the safetensors header is not valid UTF-8: the file is damaged');
  }
}

function scanMetadata(scanner: HeaderScanner): Map<string, string> {
  const metadata = new Map<string, string>();
  if (scanner.takeNull()) return metadata;
  scanner.object((key) => {
    if (metadata.has(key)) scanner.fail(`the metadata key ${quoted(key)} comes twice`);
    if (metadata.size === limits.tensors) scanner.fail('there is too much metadata');
    metadata.set(key, scanner.string());
  });
  return metadata;
}

function scanTensor(scanner: HeaderScanner, name: string): PlacedTensor {
  let type: WeightType | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  scanner.object((field) => {
    if (field === 'dtype') type = once(scanner, field, type) ?? scanType(scanner, name);
    else if (field === 'shape') shape = once(scanner, field, shape) ?? scanIntegers(scanner, limits.rank);
    else if (field === 'data_offsets') offsets = once(scanner, field, offsets) ?? scanIntegers(scanner, 2);
    else scanner.skipValue(NESTING - 2);
  });
  if (type === undefined || shape === undefined || offsets?.length !== 2) {
    scanner.fail(`the tensor ${quoted(name)} needs 'dtype', 'shape' and two 'data_offsets'`);
  }
  const [begin, end] = offsets as [number, number];
  checkLength(scanner, name, type, shape, end - begin);
  return { name, type, shape, begin, end };
}

function once(scanner: HeaderScanner, field: string, value: unknown): undefined {
  if (value !== undefined) scanner.fail(`'${field}' comes twice in one tensor`);
}

function scanType(scanner: HeaderScanner, name: string): WeightType {
  const text = scanner.string();
  const type = typesByName.get(text);
  if (type !== undefined) return type;
  const why = refusedTypes.has(text) ? 'is not supported' : 'does not exist';
  return scanner.fail(`the type ${quoted(text)} of tensor ${quoted(name)} ${why}`);
}

function scanIntegers(scanner: HeaderScanner, most: number): number[] {
  const values: number[] = [];
  scanner.array(() => {
    if (values.length === most) scanner.fail(`more than ${most} numbers`);
    values.push(scanner.integer());
  });
  return values;
}

function checkLength(
  scanner: HeaderScanner,
  name: string,
  type: WeightType,
  shape: number[],
  length: number,
): void {
  const expected = checkedProduct([...shape, bytesPerElement(type)]);
  if (expected === undefined) scanner.fail(`the shape of tensor ${quoted(name)} is too large`);
  if (expected !== length) {
    scanner.fail(`tensor ${quoted(name)} has ${length} bytes, but its shape and type take ${expected}`);
  }
}

/**
 * Checks that tensors cover the data without holes, overlaps or a rest. So no bytes can hide in a file, and none can be
 * handed out many times over.
 * @throws `weights-format`
 */
export function checkCoverage(header: SafetensorsHeader, dataBytes: number, file: string): void {
  const placed = [...header.tensors.values()].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let cursor = 0;
  for (const { name, begin, end } of placed) {
    if (begin !== cursor) {
      throw containerError(
        file,
        `tensor ${quoted(name)} starts at byte ${begin} of the data, but ${cursor} is expected`,
      );
    }
    cursor = end;
  }
  if (cursor > dataBytes) {
    throw containerError(
      file,
      `the file is cut off: ${cursor - dataBytes} of ${cursor} bytes are missing. Fetch it again.`,
    );
  }
  if (cursor < dataBytes)
    throw containerError(file, `${dataBytes - cursor} bytes follow the last tensor: none may`);
}
