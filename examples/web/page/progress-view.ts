import type { LoadProgress, StepEndEvent } from 'animatediff-js';
import { byId } from './dom.js';
import { bytesText, durationText } from './words.js';

/** The line and the bar that tell how far the work is. */
export interface ProgressView {
  loading(progress: Pick<LoadProgress, 'phase' | 'component' | 'loaded' | 'total' | 'secondsLeft'>): void;
  fetching(name: string, loaded: number, total: number): void;
  step(event: Pick<StepEndEvent, 'step' | 'steps' | 'secondsLeft'>): void;
  decoding(done: number, total: number): void;
  /** A line without a bar, also spoken by screen readers. */
  rest(text: string): void;
  /** A line with a bar of unknown length, also spoken. */
  begin(text: string): void;
}

/** Share of the bar that denoising takes; decoding has the rest. */
const denoisingShare = 0.92;

const components: Readonly<Record<string, string>> = {
  text_encoder: 'text encoder',
  unet: 'UNet',
  unet_shallow: 'UNet',
  vae_decoder: 'VAE decoder',
  vae_encoder: 'VAE encoder',
};

export function createProgressView(): ProgressView {
  const bar = byId('progress', HTMLProgressElement);
  const status = byId('status', HTMLElement);
  const spoken = byId('spoken', HTMLElement);
  let told = 0;

  const show = (text: string, share: number | undefined): void => {
    status.textContent = text;
    bar.hidden = false;
    if (share === undefined) bar.removeAttribute('value');
    else bar.value = share;
  };
  // Screen readers hear of quarters: every step would be a flood.
  const speakQuarter = (share: number): void => {
    const quarter = Math.floor(share * 4);
    if (quarter <= told || quarter >= 4) return;
    told = quarter;
    spoken.textContent = `${quarter * 25} percent`;
  };

  return {
    loading({ phase, component, loaded, total, secondsLeft }) {
      const name = components[component] ?? component;
      if (phase === 'weights' && total > 0) {
        show(
          `Loading ${name} · ${bytesText(loaded)} of ${bytesText(total)}${left(secondsLeft)}`,
          loaded / total,
        );
      } else {
        show(phase === 'open' ? `Opening ${name}` : `Preparing ${name}`, undefined);
      }
    },
    fetching(name, loaded, total) {
      const of = total > 0 ? ` of ${bytesText(total)}` : '';
      show(`Fetching ${name} · ${bytesText(loaded)}${of}`, total > 0 ? loaded / total : undefined);
    },
    step({ step, steps, secondsLeft }) {
      const share = (step + 1) / steps;
      show(`Step ${step + 1} of ${steps}${left(secondsLeft)}`, denoisingShare * share);
      speakQuarter(share);
    },
    decoding(done, total) {
      show(`Frame ${done} of ${total}`, denoisingShare + ((1 - denoisingShare) * done) / total);
    },
    rest(text) {
      status.textContent = text;
      spoken.textContent = text;
      bar.hidden = true;
      told = 0;
    },
    begin(text) {
      told = 0;
      show(text, undefined);
      spoken.textContent = text;
    },
  };
}

function left(seconds: number | undefined): string {
  return seconds === undefined ? '' : ` · ${durationText(seconds)} left`;
}
