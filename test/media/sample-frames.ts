import type { Frame } from '../../src/media/frame.js';

/** A ball that circles before a soft gradient: smooth colours, a moving edge and a still background. */
export function ballFrames(count: number, width = 48, height = 32): Frame[] {
  return Array.from({ length: count }, (_, index) => {
    const angle = (index / count) * 2 * Math.PI;
    const [ballX, ballY] = [width * (0.5 + 0.25 * Math.cos(angle)), height * (0.5 + 0.2 * Math.sin(angle))];
    return paint(width, height, (x, y) => {
      const far = Math.hypot(x - ballX, y - ballY) / (height * 0.25);
      const sky = [40 + (120 * y) / height, 90 + (110 * x) / width, 190 - (60 * y) / height];
      return far < 1 ? [250 - 180 * far, 140 - 100 * far, 40, 255] : [...sky, 255];
    });
  });
}

/** Frames with every alpha from 0 to 255. */
export function fadingFrames(count: number, width = 32, height = 16): Frame[] {
  return Array.from({ length: count }, (_, index) =>
    paint(width, height, (x, y) => [x * 8, y * 16, index * 40, (x * 8 + y + index * 16) % 256]),
  );
}

/** Frames of a few flat colours. */
export function flatFrames(count: number, width = 20, height = 12): Frame[] {
  const colors = [
    [0, 0, 0],
    [255, 255, 255],
    [200, 30, 40],
    [10, 120, 200],
  ];
  return Array.from({ length: count }, (_, index) =>
    paint(width, height, (x, y) => [...colors[(Math.floor(x / 5) + Math.floor(y / 4) + index) % 4]!, 255]),
  );
}

export function paint(width: number, height: number, color: (x: number, y: number) => number[]): Frame {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) data.set(color(i % width, Math.floor(i / width)), i * 4);
  return { width, height, data };
}

/** Peak signal-to-noise ratio in dB over red, green and blue; infinite when equal. */
export function psnr(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) if (i % 4 !== 3) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / ((a.length * 3) / 4)));
}
