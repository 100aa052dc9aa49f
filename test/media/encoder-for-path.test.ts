import { decode, decodeApng } from 'fast-png';
import { expect, test } from 'vitest';
import { encoderForPath, mediaTypeOf } from '../../src/media/encoder-for-path.js';
import { mp4Encoder } from '../../src/media/mp4-node.js';
import { flatFrames } from './sample-frames.js';

test('the ending picks the encoder, in any case', () => {
  expect(encoderForPath('a/b.c/x.gif').name).toBe('GIF');
  expect(encoderForPath('X.WEBP').name).toBe('WebP');
  expect(encoderForPath('x.apng').name).toBe('APNG');
  expect(encoderForPath('x.mp4', [mp4Encoder]).name).toBe('MP4');
});

test('what it picks encodes that format', async () => {
  const gif = await encoderForPath('x.gif').encode(flatFrames(2), { fps: 10 });
  expect(String.fromCharCode(...gif.subarray(0, 6))).toBe('GIF89a');
  const webp = await encoderForPath('x.webp').encode(flatFrames(2));
  expect(String.fromCharCode(...webp.subarray(8, 12))).toBe('WEBP');
});

test('a .png of one frame is a still picture, of several an animation', async () => {
  const { encode } = encoderForPath('x.png');
  expect(decode(await encode(flatFrames(1)))).toMatchObject({ width: 20, height: 12 });
  expect(decodeApng(await encode(flatFrames(3))).numberOfFrames).toBe(3);
});

test('an unknown ending is refused with the ones there are', () => {
  expect(() => encoderForPath('x.avi')).toThrow(
    "no format is known for the file name 'x.avi'; use one of the endings .gif, .webp, .apng, .png.",
  );
  expect(() => encoderForPath('gif')).toThrow(/no format/);
});

test('MP4 says why it is missing where it was not offered', () => {
  expect(() => encoderForPath('x.mp4')).toThrow(
    /MP4 needs ffmpeg or a browser: pass mp4Encoder of animatediff-js\/node or animatediff-js\/web/,
  );
});

test('media types for headers and blobs', () => {
  expect(mediaTypeOf('x.gif')).toBe('image/gif');
  expect(mediaTypeOf('x.mp4', [mp4Encoder])).toBe('video/mp4');
});
