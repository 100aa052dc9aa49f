import { byId } from './dom.js';
import { errorWords, type Remedy } from './error-words.js';

/** The card over the stage that tells what went wrong. */
export interface ErrorCard {
  /** Shows an error, and moves the focus to it. */
  show(error: unknown): void;
  hide(): void;
}

const labels: Readonly<Record<Remedy, string>> = {
  'try-again': 'Try again',
  'use-wasm': 'Use WebAssembly',
  'empty-store': 'Empty the store and try again',
  'choose-files': 'Choose another file',
};

export function createErrorCard(remedies: Readonly<Record<Remedy, () => void>>): ErrorCard {
  const card = byId('error', HTMLElement);
  const action = byId('error-action', HTMLButtonElement);
  let remedy: Remedy | undefined;

  const hide = (): void => {
    card.hidden = true;
  };
  byId('error-close', HTMLButtonElement).addEventListener('click', () => {
    hide();
    byId('generate', HTMLButtonElement).focus();
  });
  action.addEventListener('click', () => {
    hide();
    if (remedy !== undefined) remedies[remedy]();
  });

  return {
    show(error) {
      const words = errorWords(error);
      ({ remedy } = words);
      byId('error-title', HTMLElement).textContent = words.title;
      byId('error-what', HTMLElement).textContent = words.what;
      byId('error-advice', HTMLElement).textContent = words.advice;
      action.hidden = remedy === undefined;
      if (remedy !== undefined) action.textContent = labels[remedy];
      card.hidden = false;
      card.focus();
    },
    hide,
  };
}
