import type { Cell } from './cell.js';
import { byId, icon, make } from './dom.js';
import { type AdapterPart, type ModelChoice, withScale } from './model-choice.js';

/** Sliders for the adapters in use. */
export function createAdapterPanel(choice: Cell<ModelChoice>, onMoved: () => void): void {
  const panel = byId('adapters', HTMLFieldSetElement);
  const list = byId('adapter-list', HTMLUListElement);
  let shown: readonly string[] = [];

  choice.watch(({ adapters }) => {
    panel.hidden = adapters.length === 0;
    const names = adapters.map(({ adapter }) => adapter.name);
    // A slider in somebody's hand must not be replaced.
    if (names.length === shown.length && names.every((name, index) => name === shown[index])) return;
    shown = names;
    list.replaceChildren(...adapters.map((part) => row(part, choice, onMoved)));
  });
}

function row(
  { adapter, what, scale }: AdapterPart,
  choice: Cell<ModelChoice>,
  onMoved: () => void,
): HTMLLIElement {
  const { name } = adapter;
  const remove = make('button', { type: 'button', class: 'icon' }, icon('close'));
  remove.append(make('span', { class: 'unseen' }, `Take out ${name}`));
  remove.addEventListener('click', () => {
    choice.set(withScale(choice.get(), name, undefined));
    byId('choose-file', HTMLButtonElement).focus();
  });
  const head = make('div', { class: 'adapter-head' }, make('span', { class: 'slot-name' }, name), remove);
  if (adapter.kind === 'textual-inversion') {
    const hint = `${what}; write “${adapter.token ?? name}” in a prompt`;
    return make('li', {}, head, make('p', { class: 'quiet small' }, hint));
  }
  const bounds = { type: 'range', min: '-1', max: '2', step: '0.05', value: `${scale}` };
  const slider = make('input', { ...bounds, 'aria-label': `Strength of ${name}` });
  const output = make('output', {}, scale.toFixed(2));
  slider.addEventListener('input', () => {
    output.value = slider.valueAsNumber.toFixed(2);
    choice.set(withScale(choice.get(), name, slider.valueAsNumber));
  });
  slider.addEventListener('change', onMoved);
  const line = make('div', { class: 'adapter-line' }, slider, output);
  return make('li', {}, head, line, make('p', { class: 'quiet small' }, what));
}
