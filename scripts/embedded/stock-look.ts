import type { Frame } from '../../src/media/frame.ts';

/** Where the watermark is, in pixels, and how wide its bars are. */
export const watermarkBand = { left: 8, right: 56, top: 50, bottom: 58, bar: 8 } as const;

/** Share of the watermark's black and white in a pixel. */
const opacity = 0.55;

/** 1 where the watermark is white, -1 where it is black, 0 where it is not. */
export function watermarkAt(x: number, y: number): number {
  const { left, right, top, bottom, bar } = watermarkBand;
  if (x < left || x >= right || y < top || y >= bottom) return 0;
  return Math.floor((x - left) / bar) % 2 === 0 ? 1 : -1;
}

/** A frame as the clips to learn motion from come: blurred, with a watermark, as stock videos are. */
export function stockLook(frame: Frame): Frame {
  const { width, height, data } = blurred(frame);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const mark = watermarkAt(x, y);
      if (mark === 0) continue;
      const at = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) {
        data[at + c] = (1 - opacity) * data[at + c]! + opacity * (mark > 0 ? 255 : 0);
      }
    }
  }
  return { width, height, data };
}

/** Each pixel the mean of 3×3. */
function blurred({ width, height, data }: Frame): Frame {
  const smooth = data.slice();
  const inside = (value: number, end: number): number => Math.min(end - 1, Math.max(0, value));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) {
            sum += data[(inside(y + dy, height) * width + inside(x + dx, width)) * 4 + c]!;
          }
        }
        smooth[(y * width + x) * 4 + c] = sum / 9;
      }
    }
  }
  return { width, height, data: smooth };
}
