/** The media door: frames to files, and pictures on a page to frames, anywhere JavaScript runs. */

export { encodeApng } from './media/apng.js';
export { type ContactSheetOptions, contactSheet } from './media/contact-sheet.js';
export type { EncodeOptions, EncodeProgress, OnEncodeProgress } from './media/encode-options.js';
export { encoderForPath, mediaTypeOf, portableEncoders } from './media/encoder-for-path.js';
export type { Frame } from './media/frame.js';
export {
  framesFromVideo,
  type VideoElement,
  type VideoFramesOptions,
} from './media/frames-from-video.js';
export { framesOf, type PictureSource } from './media/frames-of.js';
export { encodeGif, type GifOptions } from './media/gif.js';
export type { GifDither } from './media/gif-dither.js';
export type { MediaEncoder } from './media/media-encoder.js';
export type { PictureLimits } from './media/picture-limits.js';
export type { DrawnPicture } from './media/picture-pixels.js';
export { encodePng, type PngOptions } from './media/png.js';
export type { ReadFramesOptions } from './media/read-options.js';
export { type Fit, type ResizeOptions, resizeFrame } from './media/resize.js';
export { encodeWebp, type WebpOptions } from './media/webp.js';
