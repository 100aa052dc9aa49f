import { AnimateDiffError } from '../core/errors.js';
import { checkFrame, type Frame } from './frame.js';
import { checkPictureSize } from './picture-limits.js';

/** What a canvas can draw, told by its size: an `<img>`, `<video>`, `<canvas>`, `ImageBitmap` or `VideoFrame`. */
export interface DrawnPicture {
  /** Of canvases and bitmaps, in pixels. */
  readonly width?: unknown;
  /** Of canvases and bitmaps, in pixels. */
  readonly height?: unknown;
  /** Of an `<img>`: the picture's own width, whatever the page makes of it. */
  readonly naturalWidth?: number;
  /** Of an `<img>`: the picture's own height. */
  readonly naturalHeight?: number;
  /** Of a `<video>`: the video's own width. */
  readonly videoWidth?: number;
  /** Of a `<video>`: the video's own height. */
  readonly videoHeight?: number;
  /** Of a `VideoFrame`: the width as it is shown. */
  readonly displayWidth?: number;
  /** Of a `VideoFrame`: the height as it is shown. */
  readonly displayHeight?: number;
}

/**
 * The pixels of what is on a page, in its own size.
 * @throws `invalid-options` for what cannot be drawn, `weights-format` when the page may not read the pixels,
 * `unsupported` when there are too many, or where there is no canvas.
 */
export function picturePixels(source: DrawnPicture | Frame, name: string, maxPixels: number): Frame {
  if ('data' in source) {
    checkFrame(source, name, 65535);
    checkPictureSize(name, source.width, source.height, maxPixels);
    return source;
  }
  const { width, height } = sizeOf(source, name);
  checkPictureSize(name, width, height, maxPixels);
  const context = canvasOf(width, height);
  try {
    context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  } catch (cause) {
    const why = (cause as Error).name === 'SecurityError' ? 'weights-format' : 'invalid-options';
    throw new AnimateDiffError(why, `${name} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function sizeOf(source: DrawnPicture, name: string): { readonly width: number; readonly height: number } {
  const width = source.naturalWidth ?? source.videoWidth ?? source.displayWidth ?? source.width;
  const height = source.naturalHeight ?? source.videoHeight ?? source.displayHeight ?? source.height;
  if (typeof width === 'number' && typeof height === 'number' && width > 0 && height > 0)
    return { width, height };
  throw new AnimateDiffError(
    'invalid-options',
    `${name} has no size: expected an image, a canvas, a bitmap or ImageData; await img.decode() before an <img> is read`,
  );
}

// The part of the canvas that is used, so that the portable door's types need no DOM.
interface PixelContext {
  drawImage(source: DrawnPicture, x: number, y: number, width: number, height: number): void;
  getImageData(x: number, y: number, width: number, height: number): Frame;
}
interface PixelCanvas {
  width: number;
  height: number;
  getContext(kind: '2d', options: { willReadFrequently: boolean }): PixelContext | null;
}

function canvasOf(width: number, height: number): PixelContext {
  const { OffscreenCanvas: Offscreen, document } = globalThis as {
    OffscreenCanvas?: new (width: number, height: number) => PixelCanvas;
    document?: { createElement(name: 'canvas'): PixelCanvas };
  };
  const canvas = Offscreen ? new Offscreen(width, height) : document?.createElement('canvas');
  if (canvas === undefined) {
    throw new AnimateDiffError(
      'unsupported',
      "there is no canvas here to read pictures with; on Node use readFrames of 'animatediff-js/node'",
    );
  }
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null)
    throw new AnimateDiffError('unsupported', 'the canvas to read pictures with has no 2d context');
  return context;
}
