import type { Frame } from 'animatediff-js';

/** All frames of an animation side by side, below the scrubber. */
export interface FilmStrip {
  /** A new strip of so many frames of a shape, width by height. */
  begin(frames: number, ratio: number): void;
  /** Draws one frame in its place. */
  draw(index: number, frame: Frame): void;
}

export function createFilmStrip(canvas: HTMLCanvasElement): FilmStrip {
  const context = canvas.getContext('2d')!;
  const scratch = new OffscreenCanvas(1, 1);
  const scratchContext = scratch.getContext('2d')!;
  let pictures: (Frame | undefined)[] = [];
  let ratio = 1;

  /** Frames side by side: all that fit in their own shape, evenly chosen. */
  const cells = (): number => {
    const fit = Math.ceil(canvas.width / (canvas.height * ratio));
    return Math.max(1, Math.min(pictures.length, fit));
  };

  function fitSize(): void {
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
  }

  function drawCell(cell: number, count: number): void {
    const frame = pictures[Math.floor((cell * pictures.length) / count)];
    if (frame === undefined) return;
    scratch.width = frame.width;
    scratch.height = frame.height;
    const { data, width, height } = frame;
    scratchContext.putImageData(new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height), 0, 0);
    const left = Math.round((cell * canvas.width) / count);
    const right = Math.round(((cell + 1) * canvas.width) / count);
    // The middle of the frame in the cell's shape.
    const shown = (right - left) / canvas.height;
    const sourceWidth = Math.min(width, height * shown);
    const sourceHeight = Math.min(height, width / shown);
    const from = [(width - sourceWidth) / 2, (height - sourceHeight) / 2, sourceWidth, sourceHeight] as const;
    context.drawImage(scratch, ...from, left, 0, right - left, canvas.height);
  }

  new ResizeObserver(() => {
    fitSize();
    const count = cells();
    for (let cell = 0; cell < count; cell++) drawCell(cell, count);
  }).observe(canvas);

  return {
    begin(frames, shape) {
      pictures = new Array<Frame | undefined>(frames).fill(undefined);
      ratio = shape;
      fitSize();
    },
    draw(index, frame) {
      pictures[index] = frame;
      const count = cells();
      for (let cell = Math.floor((index * count) / pictures.length); cell < count; cell++) {
        const shown = Math.floor((cell * pictures.length) / count);
        if (shown > index) break;
        if (shown === index) drawCell(cell, count);
      }
    },
  };
}
