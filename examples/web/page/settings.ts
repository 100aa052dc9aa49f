import type { WorkerGenerateOptions } from 'animatediff-js/web';
import { builtInPrompt, builtInSettings } from './built-in.js';
import { byId, make } from './dom.js';
import type { Device } from './engine.js';
import type { ModelSettings } from './model-choice.js';
import { samplers } from './samplers.js';

/** The form's fields. */
export interface Settings {
  /** What the form asks for, without a signal. @throws nothing: call {@link Settings.check} before. */
  request(): WorkerGenerateOptions & { readonly seed: number; readonly fps: number };
  /** Shows what is wrong with the form, if anything; tells whether all is well. */
  check(): boolean;
  device(): Device;
  setDevice(device: Device): void;
  /** Fills in what suits a model. */
  suit(settings: ModelSettings): void;
  setPrompt(prompt: string): void;
  /** Before a generation: another seed, unless it is kept or was chosen since the last one. */
  nextSeed(): void;
}

/** Where the form is kept between visits. */
const storageKey = 'animatediff-js/form';
const largestSeed = 2 ** 32;

export function createSettings(): Settings {
  const form = byId('form', HTMLFormElement);
  const prompt = byId('prompt', HTMLTextAreaElement);
  const seed = byId('seed', HTMLInputElement);
  const seedLock = byId('seed-lock', HTMLInputElement);
  const movement = byId('motion-scale', HTMLInputElement);
  const scheduler = byId('scheduler', HTMLSelectElement);
  scheduler.append(...samplers.map(([value, label]) => make('option', { value }, label)));

  const field = (name: string): HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement | RadioNodeList =>
    form.elements.namedItem(name) as HTMLInputElement;
  const text = (name: string): string => field(name).value;
  const number = (name: string): number => Number(text(name));
  const set = (name: string, value: string | boolean | undefined): void => {
    const found = field(name);
    if (found instanceof HTMLInputElement && found.type === 'checkbox') found.checked = value === true;
    else if (typeof value === 'string') found.value = value;
  };
  const showMovement = (): void => {
    byId('motion-output', HTMLOutputElement).value = `${movement.valueAsNumber}`;
  };
  let seedIsFresh = true;
  const draw = (): void => {
    seed.value = `${Math.floor(Math.random() * largestSeed)}`;
    seedIsFresh = true;
    keep(form);
  };

  const settings: Settings = {
    request() {
      const name = text('scheduler');
      return {
        prompt: prompt.value.trim(),
        negativePrompt: text('negativePrompt').trim(),
        promptSyntax: 'weighted',
        longPrompts: 'chunk',
        seed: number('seed'),
        numFrames: number('numFrames'),
        fps: number('fps'),
        width: number('width'),
        height: number('height'),
        numInferenceSteps: number('steps'),
        guidanceScale: number('guidanceScale'),
        motionScale: movement.valueAsNumber,
        ...(name === '' ? {} : { scheduler: name }),
        ...((field('loop') as HTMLInputElement).checked ? { context: { loop: true } } : {}),
      };
    },
    check() {
      // Closed folds cannot show what is wrong inside them.
      for (const fold of Array.from(form.querySelectorAll('details:has(:invalid)')))
        fold.setAttribute('open', '');
      return form.reportValidity();
    },
    device: () => (text('device') === 'wasm' ? 'wasm' : 'webgpu'),
    setDevice: (device) => set('device', device),
    suit(values) {
      for (const [name, value] of Object.entries(values)) set(name, `${value}`);
    },
    setPrompt(value) {
      prompt.value = value;
      prompt.dispatchEvent(new Event('input', { bubbles: true }));
    },
    nextSeed() {
      if (seed.value === '' || (!seedIsFresh && !seedLock.checked)) draw();
      seedIsFresh = false;
    },
  };

  set('prompt', builtInPrompt);
  settings.suit(builtInSettings);
  set('fps', '8');
  set('motionScale', '1');
  seed.value = '6';
  for (const [name, value] of Object.entries(kept())) set(name, value);
  showMovement();
  movement.addEventListener('input', showMovement);
  seed.addEventListener('input', () => {
    seedIsFresh = true;
  });
  byId('dice', HTMLButtonElement).addEventListener('click', draw);
  form.addEventListener('input', () => keep(form));
  form.addEventListener('change', () => keep(form));
  return settings;
}

function kept(): Record<string, string | boolean | undefined> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, string | boolean>) : {};
  } catch {
    // What somebody else wrote there, or a browser that keeps nothing.
    return {};
  }
}

function keep(form: HTMLFormElement): void {
  const fields = Array.from(form.elements).filter((each) => each.getAttribute('name'));
  const values = fields.flatMap((each) => {
    const { name, type, value, checked } = each as HTMLInputElement;
    if (type === 'radio') return checked ? [[name, value]] : [];
    return [[name, type === 'checkbox' ? checked : value]];
  });
  try {
    localStorage.setItem(storageKey, JSON.stringify(Object.fromEntries(values)));
  } catch {
    // A full or forbidden store costs no more than the memory of this form.
  }
}
