import { AnimateDiffError } from '../core/errors.js';
import type { ByteSource, ReadOptions } from '../core/source.js';

const maxBytes = 1_000_000;

/**
 * Reads a JSON object, as data.
 * @throws `weights-format` when the file is over 1 MB, is not JSON, or its top level is not an object.
 */
export async function readJsonObject(
  source: ByteSource,
  options: ReadOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  const value = parse(source, await readAll(source, options).finally(() => source.close()));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw broken(source, 'does not hold a JSON object');
  }
  return Object.freeze(value) as Readonly<Record<string, unknown>>;
}

async function readAll(source: ByteSource, options: ReadOptions): Promise<Uint8Array> {
  const size = await source.size(options);
  if (size > maxBytes) throw broken(source, `has ${size} bytes, more than the ${maxBytes} that are read`);
  return source.read(0, size, options);
}

function parse(source: ByteSource, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw broken(source, 'is not valid JSON', cause);
  }
}

function broken(source: ByteSource, problem: string, cause?: unknown): AnimateDiffError {
  return new AnimateDiffError('weights-format', `${source.name} ${problem}. Download it again`, {
    cause,
    details: { file: source.name },
  });
}
