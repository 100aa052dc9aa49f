import { brokenPicture } from './picture-limits.js';

/** What a JPEG's markers tell. */
export interface JpegFacts {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 colours, 4 printing colours. */
  readonly components: number;
}

/** Encoders write some ten scans; each of many more takes as long as a whole picture, however short it is. */
const mostScans = 100;

/** Whether a file begins as JPEGs do. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Walks through a JPEG's markers (ITU-T T.81, annex B) without unpacking anything.
 * @throws `weights-format` that names the file when it is cut short, has no size, or too many scans.
 */
export function jpegFacts(bytes: Uint8Array, name: string): JpegFacts {
  let facts: JpegFacts | undefined;
  let scans = 0;
  let at = 2;
  const byte = (offset: number): number => bytes[at + offset] ?? brokenPicture(name, 'the JPEG is cut short');
  for (;;) {
    // Between segments there may be any number of FF; within a scan also data.
    while (byte(0) !== 0xff || byte(1) === 0xff || byte(1) === 0 || (byte(1) >= 0xd0 && byte(1) <= 0xd7))
      at++;
    const marker = byte(1);
    if (marker === 0xd9) break;
    const length = 256 * byte(2) + byte(3);
    if (length < 2) brokenPicture(name, 'a segment of the JPEG has no length');
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (facts) brokenPicture(name, 'the JPEG holds two pictures');
      facts = { height: 256 * byte(5) + byte(6), width: 256 * byte(7) + byte(8), components: byte(9) };
    }
    if (marker === 0xda && ++scans > mostScans)
      brokenPicture(name, `the JPEG has more than ${mostScans} scans`);
    at += 2 + length;
  }
  return facts ?? brokenPicture(name, 'the JPEG has no size');
}
