import type { Warning } from 'animatediff-js';
import { byId, make } from './dom.js';
import { sentence } from './words.js';

/** What the library noticed: folded away below the animation. */
export interface WarningsView {
  clear(): void;
  /** Adds a warning that is not there yet. */
  add(warning: Warning): void;
}

export function createWarningsView(): WarningsView {
  const fold = byId('warnings', HTMLDetailsElement);
  const list = byId('warnings-list', HTMLUListElement);
  const count = byId('warnings-count', HTMLElement);
  const known = new Set<string>();
  return {
    clear() {
      known.clear();
      list.replaceChildren();
      fold.hidden = true;
    },
    add({ message }) {
      if (known.has(message)) return;
      known.add(message);
      list.append(make('li', {}, sentence(message)));
      count.textContent = known.size === 1 ? 'One thing to know' : `${known.size} things to know`;
      fold.hidden = false;
    },
  };
}
