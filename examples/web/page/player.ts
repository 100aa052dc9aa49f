import type { Frame } from 'animatediff-js';
import { byId, icon } from './dom.js';
import { createFilmStrip } from './film-strip.js';

/** Shows frames: those of a preview, then those of the result as they arrive. */
export interface Player {
  /** A new animation begins; the last one stays until the first picture of the new one is there. */
  begin(shape: {
    readonly frames: number;
    readonly width: number;
    readonly height: number;
    readonly fps: number;
  }): void;
  /** A preview of all frames. */
  preview(frames: readonly Frame[]): void;
  /** One frame is as it will be. */
  decoded(index: number, frame: Frame): void;
  /** All frames are there. */
  finish(description: string): void;
  setFps(fps: number): void;
  toggle(): void;
  /** Moves by frames and stops playing. */
  step(by: number): void;
}

/** Below this share of the stage's width frames are shown with hard pixels: smoothed they would be a blur. */
const smallShare = 1 / 3;

export function createPlayer(): Player {
  const stage = byId('stage', HTMLElement);
  const screen = byId('screen', HTMLCanvasElement);
  const context = screen.getContext('2d')!;
  const empty = byId('stage-empty', HTMLElement);
  const playButton = byId('play', HTMLButtonElement);
  const scrub = byId('scrub', HTMLInputElement);
  const number = byId('frame-number', HTMLOutputElement);
  const strip = createFilmStrip(byId('strip', HTMLCanvasElement));
  const stillness = matchMedia('(prefers-reduced-motion: reduce)');

  let frames: (Frame | undefined)[] = [];
  let final = new Set<number>();
  let fps = 8;
  let position = 0;
  let playing = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function show(index: number): void {
    position = index;
    scrub.value = `${index}`;
    scrub.setAttribute('aria-valuetext', `${index + 1} of ${frames.length}`);
    number.value = `${index + 1} / ${frames.length}`;
    const frame = frames[index];
    if (frame === undefined) return;
    if (screen.width !== frame.width || screen.height !== frame.height) {
      screen.width = frame.width;
      screen.height = frame.height;
    }
    const isPreview = !final.has(index);
    stage.classList.toggle('is-preview', isPreview);
    const drawnWidth = screen.clientWidth * devicePixelRatio;
    stage.classList.toggle('is-small', !isPreview && frame.width < drawnWidth * smallShare);
    context.putImageData(imageData(frame), 0, 0);
    empty.hidden = true;
  }

  function tick(): void {
    timer = setTimeout(tick, 1000 / fps);
    show((position + 1) % frames.length);
  }

  function setPlaying(next: boolean): void {
    playing = next && frames.length > 1;
    clearTimeout(timer);
    if (playing) timer = setTimeout(tick, 1000 / fps);
    const label = document.createElement('span');
    label.className = 'unseen';
    label.textContent = playing ? 'Pause' : 'Play';
    playButton.replaceChildren(icon(playing ? 'pause' : 'play'), label);
  }

  function arrived(): void {
    playButton.disabled = frames.length < 2;
    scrub.disabled = frames.length < 2;
    show(Math.min(position, frames.length - 1));
  }

  playButton.addEventListener('click', () => setPlaying(!playing));
  scrub.addEventListener('input', () => {
    setPlaying(false);
    show(scrub.valueAsNumber);
  });

  let expected = { frames: 0, width: 1, height: 1 };
  let begun = true;
  // The pictures of the run before stay up while the model loads.
  const replace = (): void => {
    if (begun) return;
    begun = true;
    frames = new Array<Frame | undefined>(expected.frames).fill(undefined);
    final = new Set();
    position = 0;
    scrub.max = `${Math.max(0, expected.frames - 1)}`;
    strip.begin(expected.frames, expected.width / expected.height);
    setPlaying(!stillness.matches);
  };

  return {
    begin(shape) {
      ({ fps } = shape);
      expected = shape;
      begun = false;
      stage.style.setProperty('--ratio', `${shape.width / shape.height}`);
      screen.setAttribute('aria-label', 'Animation in the making');
    },
    preview(pictures) {
      replace();
      pictures.forEach((picture, index) => {
        if (final.has(index) || index >= frames.length) return;
        frames[index] = picture;
        strip.draw(index, picture);
      });
      arrived();
    },
    decoded(index, frame) {
      replace();
      frames[index] = frame;
      final.add(index);
      strip.draw(index, frame);
      // Without movement the newest frame is what there is to see.
      if (!playing) position = index;
      arrived();
    },
    finish(description) {
      screen.setAttribute('aria-label', description);
      if (!playing) show(0);
    },
    setFps(next) {
      if (next > 0) fps = next;
    },
    toggle() {
      if (!playButton.disabled) setPlaying(!playing);
    },
    step(by) {
      if (frames.length === 0 || playButton.disabled) return;
      setPlaying(false);
      show((position + by + frames.length) % frames.length);
    },
  };
}

function imageData({ data, width, height }: Frame): ImageData {
  return new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height);
}
