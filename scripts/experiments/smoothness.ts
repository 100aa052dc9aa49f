import type { Frame } from '../../src/media/frame.ts';

/** Mean difference between neighbouring frames, in 8-bit levels: what flickers has much of it. */
export function frameDifference(frames: readonly Frame[]): number {
  let [sum, count] = [0, 0];
  for (let i = 1; i < frames.length; i++) {
    const [before, { data }] = [frames[i - 1]!.data, frames[i]!];
    for (let at = 0; at < data.length; at++) {
      if (at % 4 === 3) continue;
      sum += Math.abs(data[at]! - before[at]!);
      count += 1;
    }
  }
  return sum / count;
}

/** Mean saturation of frames' pixels, 0 to 1: greatest less smallest of red, green and blue over the greatest. */
export function saturation(frames: readonly Frame[]): number {
  let [sum, count] = [0, 0];
  for (const { data } of frames) {
    for (let at = 0; at < data.length; at += 4) {
      const rgb = [data[at]!, data[at + 1]!, data[at + 2]!];
      const most = Math.max(...rgb);
      sum += most === 0 ? 0 : (most - Math.min(...rgb)) / most;
      count += 1;
    }
  }
  return sum / count;
}
