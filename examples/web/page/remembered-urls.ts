import type { Cell } from './cell.js';
import type { ModelChoice } from './model-choice.js';

const storageKey = 'animatediff-js/urls';
/** More than a page has places for; what is beyond was not written by this page. */
const most = 32;

/** The addresses that the last visit's model came from. */
export function rememberedUrls(): readonly URL[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    if (!Array.isArray(value)) return [];
    return value
      .slice(0, most)
      .filter((each): each is string => typeof each === 'string' && URL.canParse(each))
      .map((each) => new URL(each));
  } catch {
    // What somebody else wrote there, or a browser that keeps nothing.
    return [];
  }
}

/** Remembers the addresses of the choice from now on. */
export function rememberUrls(choice: Cell<ModelChoice>): void {
  choice.watch(({ checkpoint, motionModule, vae, adapters }) => {
    const urls = [checkpoint, motionModule, vae, ...adapters].flatMap((part) => part?.url ?? []);
    try {
      localStorage.setItem(storageKey, JSON.stringify(urls));
    } catch {
      // Then the next visit begins anew.
    }
  });
}
