import type { ByteSource, ReadOptions } from '../../core/source.js';
import { containerError } from './container-error.js';
import { limits } from './container-limits.js';

/** What a file's content says it is. */
export interface SniffedContainer {
  /** `torch-zip` is any zip archive; whether a torch checkpoint is in it shows when it is opened. */
  readonly kind: 'safetensors' | 'torch-zip' | 'torch-legacy';
  /** Size of the file in bytes. */
  readonly size: number;
}

/** Enough for every signature, for the tar mark at 257, and for white space before a safetensors header. */
const HEAD_BYTES = 512;

/** First bytes of `torch.save` before version 1.6: a pickle of the number 0x1950a86a20f9469cfc6c. */
const LEGACY_MAGIC = [
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
];

const SAY_SAFETENSORS = 'Look for the same weights as .safetensors.';

/** Containers that are told apart and refused. */
const REFUSED: readonly {
  readonly at?: number;
  readonly bytes: readonly number[];
  readonly problem: string;
}[] = [
  { bytes: ascii('7z\xbc\xaf\x27\x1c'), problem: 'is a 7z archive. Unpack it, and mind what is inside.' },
  { bytes: ascii('Rar!'), problem: 'is a RAR archive. Unpack it, and mind what is inside.' },
  { bytes: [0x1f, 0x8b], problem: 'is compressed with gzip. Unpack it first.' },
  { bytes: ascii('GGUF'), problem: `is a GGUF file, which is not read. ${SAY_SAFETENSORS}` },
  {
    bytes: ascii('\x89HDF'),
    problem: `is an HDF5 file (Keras, TensorFlow), which is not read. ${SAY_SAFETENSORS}`,
  },
  {
    at: 257,
    bytes: ascii('ustar'),
    problem: `is a tar archive (torch 0.1.10 and older), which is not read. ${SAY_SAFETENSORS}`,
  },
  { bytes: [0x50, 0x4b, 0x05, 0x06], problem: 'is an empty zip archive.' },
];

function ascii(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}

/**
 * Tells a weight file's container by its content; names and extensions are often wrong.
 * @throws `weights-format` for all that is not read, saying what it is and what to do.
 */
export async function sniffContainer(
  source: ByteSource,
  options: ReadOptions = {},
): Promise<SniffedContainer> {
  const size = await source.size(options);
  const head = await source.read(0, Math.min(size, HEAD_BYTES), options);
  const kind = kindOf(head, size, source.name);
  return { kind, size };
}

function kindOf(head: Uint8Array, size: number, file: string): SniffedContainer['kind'] {
  if (size === 0) throw containerError(file, 'the file is empty. Fetch it again.');
  if (startsWith(head, ascii('version https://git-lfs'))) {
    throw containerError(
      file,
      'is a Git LFS pointer, not the weights. Run `git lfs pull`, or download the file itself.',
    );
  }
  if (looksLikeSafetensors(head, size, file)) return 'safetensors';
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04])) return 'torch-zip';
  if (startsWith(head, LEGACY_MAGIC)) return 'torch-legacy';
  throw containerError(file, whatElse(head, size));
}

function looksLikeSafetensors(head: Uint8Array, size: number, file: string): boolean {
  if (head.byteLength < 9) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  const first = head
    .subarray(8)
    .find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  if (length < 2n || length > BigInt(limits.headerBytes) || (first !== undefined && first !== 0x7b))
    return false;
  if (length + 8n <= BigInt(size)) return true;
  if (first === undefined) return false;
  throw containerError(
    file,
    `the safetensors file is cut off in its header: it has only ${size} bytes. Fetch it again.`,
  );
}

function whatElse(head: Uint8Array, size: number): string {
  const refused = REFUSED.find(({ at, bytes }) => startsWith(head.subarray(at ?? 0), bytes));
  if (refused !== undefined) return refused.problem;
  const text = new TextDecoder().decode(head).trimStart().toLowerCase();
  if (/^<(!|html|\?xml|head|body)/.test(text)) {
    return 'is a saved web page, not the weights: an error or a login page was stored under this name. Fetch it again.';
  }
  if (/^\{\s*"error/.test(text)) return 'is an error message of a server, not the weights. Fetch it again.';
  if (text.startsWith('{'))
    return 'is a JSON file, not the weights. If it is an index of shards, give the folder instead.';
  if (head[0] === 0x80 && head[1]! <= 5) {
    return `is a bare Python pickle, which is not read: it may run code where it is. ${SAY_SAFETENSORS}`;
  }
  if (size < 64) return `has only ${size} bytes: too small for weights. Fetch it again.`;
  return 'is neither a safetensors file nor a torch checkpoint.';
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return bytes.byteLength >= prefix.length && prefix.every((byte, i) => bytes[i] === byte);
}
