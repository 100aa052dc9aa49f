import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import createModule from '@jsquash/jpeg/codec/enc/mozjpeg_enc.js';
import { defaultOptions } from '@jsquash/jpeg/meta.js';
import type { Frame } from '../../src/media/frame.js';

interface JpegFileOptions {
  readonly progressive?: boolean;
  /** EXIF orientation: 6 is to be turned to the right. */
  readonly orientation?: number;
}

/** A frame as a JPEG file of high quality. */
export async function jpegFile(frame: Frame, options: JpegFileOptions = {}): Promise<Uint8Array> {
  const { progressive = false, orientation } = options;
  const path = createRequire(import.meta.url).resolve('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm');
  const create = createModule as unknown as (overrides: object) => Promise<{
    encode(data: Uint8ClampedArray, width: number, height: number, options: object): Uint8Array;
  }>;
  const module = await create({ noInitialRun: true, wasmBinary: await readFile(path) });
  // It adds a class to the global scope, which the reading under test must not.
  Reflect.deleteProperty(globalThis, 'ImageData');
  const how = { ...defaultOptions, quality: 97, auto_subsample: false, chroma_subsample: 1, progressive };
  const bytes = module.encode(frame.data, frame.width, frame.height, how).slice();
  if (orientation === undefined) return bytes;
  // One entry in the first directory of a TIFF header: tag 0x112, a short.
  const tiff = [
    0x49,
    0x49,
    42,
    0,
    8,
    0,
    0,
    0,
    1,
    0,
    0x12,
    1,
    3,
    0,
    1,
    0,
    0,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const exif = [...new TextEncoder().encode('Exif'), 0, 0, ...tiff];
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2, ...exif, ...bytes.subarray(2)]);
}
