import { type ModelSource, urlSource } from 'animatediff-js';
import type { Cell } from './cell.js';
import { byId, icon, make } from './dom.js';
import type { identifySource } from './identify-source.js';
import { isKept, type KeepOptions, keptSource } from './kept-source.js';
import { type ModelChoice, type PartRole, withoutPart, withPart } from './model-choice.js';
import { pickedFiles, pickedFolder } from './picked-files.js';

/** What the panel needs of the page. */
export interface ModelPanelParts {
  readonly choice: Cell<ModelChoice>;
  builtIn(): ModelChoice;
  /** How files from the network are fetched. */
  readonly keeping: KeepOptions;
  /** Told what the panel is doing; `undefined` when it is done. */
  onWork(text: string | undefined): void;
  onError(error: unknown): void;
}

/** Where model files come in. */
export interface ModelPanel {
  /** Finds out what sources are and puts them in their places. */
  add(sources: readonly ModelSource[]): Promise<void>;
  /** The same for a file or folder of the network, which is kept for the next visit. */
  addUrl(url: URL): Promise<void>;
  chooseFiles(): void;
}

const slots: readonly (readonly [role: PartRole, label: string, none: string])[] = [
  ['checkpoint', 'Checkpoint', 'needed: choose a file'],
  ['motionModule', 'Motion module', 'none: still pictures'],
  ['vae', 'VAE', 'the checkpoint’s own'],
];

export function createModelPanel({ choice, builtIn, keeping, onWork, onError }: ModelPanelParts): ModelPanel {
  const list = byId('slots', HTMLUListElement);
  const fileInput = byId('file-input', HTMLInputElement);
  const folderInput = byId('folder-input', HTMLInputElement);
  const urlInput = byId('url', HTMLInputElement);
  const back = byId('built-in', HTMLButtonElement);

  async function add(given: readonly (ModelSource | URL)[]): Promise<void> {
    try {
      // The readers of files are only fetched by those who bring files.
      const { identifySource } = await import('./identify-source.js');
      for (const each of given) {
        onWork(`Looking at ${each instanceof URL ? each.href : each.name}`);
        const part = await (each instanceof URL ? fromNetwork(each, identifySource) : identifySource(each));
        choice.set(withPart(choice.get(), part));
      }
    } catch (error) {
      onError(error);
    } finally {
      onWork(undefined);
    }
  }

  async function fromNetwork(
    url: URL,
    identify: typeof identifySource,
  ): Promise<Awaited<ReturnType<typeof identifySource>>> {
    const source = keptSource(url, keeping);
    const probe = (await isKept(url)) ? source : urlSource(url);
    return identify(source, { url: url.href, probe });
  }

  function row([role, label, none]: (typeof slots)[number], current: ModelChoice): HTMLLIElement {
    const part = current[role];
    const words = make(
      'span',
      { class: 'slot-words' },
      make('span', { class: 'slot-name' }, part?.name ?? none),
    );
    if (part?.what) words.append(make('span', { class: 'quiet small' }, part.what));
    const item = make('li', { 'data-role': role }, make('span', { class: 'slot-label' }, label), words);
    if (part === undefined) item.classList.add(role === 'checkpoint' ? 'is-needed' : 'is-empty');
    if (part !== undefined && !current.builtIn) {
      const remove = make('button', { type: 'button', class: 'icon' }, icon('close'));
      remove.append(make('span', { class: 'unseen' }, `Take out ${part.name}`));
      remove.addEventListener('click', () => {
        choice.set(withoutPart(choice.get(), role));
        byId('choose-file', HTMLButtonElement).focus();
      });
      item.append(remove);
    }
    return item;
  }

  choice.watch((current) => {
    list.replaceChildren(...slots.map((slot) => row(slot, current)));
    back.hidden = current.builtIn;
  });
  back.addEventListener('click', () => {
    choice.set(builtIn());
    byId('choose-file', HTMLButtonElement).focus();
  });
  byId('choose-file', HTMLButtonElement).addEventListener('click', () => fileInput.click());
  byId('choose-folder', HTMLButtonElement).addEventListener('click', () => folderInput.click());
  fileInput.addEventListener('change', () => {
    void add(pickedFiles(fileInput.files ?? new DataTransfer().files));
    fileInput.value = '';
  });
  folderInput.addEventListener('change', () => {
    void add(pickedFolder(folderInput.files ?? new DataTransfer().files));
    folderInput.value = '';
  });

  const addTyped = (): void => {
    if (urlInput.value.trim() === '' || !urlInput.reportValidity()) return;
    const url = new URL(urlInput.value);
    urlInput.value = '';
    // Models are large: the browser is asked not to make room with them. It may say no.
    void navigator.storage?.persist?.().catch(() => false);
    void add([url]);
  };
  byId('add-url', HTMLButtonElement).addEventListener('click', addTyped);
  urlInput.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    // The form's own Enter generates.
    event.preventDefault();
    addTyped();
  });

  return { add, addUrl: (url) => add([url]), chooseFiles: () => fileInput.click() };
}
