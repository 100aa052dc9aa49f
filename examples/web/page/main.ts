/** The page: puts its pieces together and decides what happens when. */
import type { ModelSource } from 'animatediff-js';
import { createAdapterPanel } from './adapter-panel.js';
import { builtInModel } from './built-in.js';
import { cell } from './cell.js';
import { createDevicePanel } from './device-panel.js';
import { byId } from './dom.js';
import { createDownloads } from './downloads.js';
import { acceptDrops } from './drop-zone.js';
import { createEngine } from './engine.js';
import { createErrorCard } from './error-card.js';
import { emptyStore, isKept, type KeepOptions } from './kept-source.js';
import { createModelPanel } from './model-panel.js';
import { createPlayer } from './player.js';
import { createProgressView } from './progress-view.js';
import { rememberedUrls, rememberUrls } from './remembered-urls.js';
import { runGeneration } from './run.js';
import { createSettings } from './settings.js';
import { listenToKeys } from './shortcuts.js';
import { settingsFor } from './suited-settings.js';
import { surprise } from './surprises.js';
import { createWarningsView } from './warnings-view.js';

const generateButton = byId('generate', HTMLButtonElement);
const cancelButton = byId('cancel', HTMLButtonElement);
const prompt = byId('prompt', HTMLTextAreaElement);

const engine = createEngine();
const player = createPlayer();
const progress = createProgressView();
const settings = createSettings();
const warnings = createWarningsView();
const keeping: KeepOptions = {
  onProgress: ({ name, loaded, total }) => progress.fetching(name, loaded, total),
};
const choice = cell(builtInModel(keeping));

let running: AbortController | undefined;

const errors = createErrorCard({
  'try-again': () => void generate(),
  'use-wasm': () => {
    settings.setDevice('wasm');
    void generate();
  },
  'empty-store': () => void emptyStore().then(() => generate()),
  'choose-files': () => models.chooseFiles(),
});

const models = createModelPanel({
  choice,
  builtIn: () => builtInModel(keeping),
  keeping,
  onWork: (text) => (text === undefined ? progress.rest('Ready') : progress.begin(text)),
  onError: (error) => errors.show(error),
});

const downloads = createDownloads({
  pipeline: () => engine.current(),
  fps: () => settings.request().fps,
  onWork: (text) => progress.rest(text),
  onError: (error) => errors.show(error),
});

/** Makes an animation, unless one is being made. */
async function generate({ sameSeed = false } = {}): Promise<void> {
  if (running !== undefined || !settings.check()) return;
  if (!sameSeed) settings.nextSeed();
  running = new AbortController();
  errors.hide();
  downloads.offer(undefined);
  showRunning(true);
  // On a phone the picture is above the button.
  byId('stage', HTMLElement).scrollIntoView({ block: 'nearest' });
  const { signal } = running;
  try {
    downloads.offer(
      await runGeneration({ engine, player, progress, settings, warnings }, choice.get(), signal),
    );
  } catch (error) {
    if (signal.aborted) progress.rest('Cancelled');
    else {
      progress.rest('Stopped by an error');
      errors.show(error);
      // What went wrong may have left the worker in any state.
      await engine.discard().catch(() => undefined);
    }
  } finally {
    running = undefined;
    showRunning(false);
  }
}

function cancel(): void {
  running?.abort();
}

/** One button takes the other's place, with the focus if it was there. */
function showRunning(isRunning: boolean): void {
  const [from, to] = isRunning ? [generateButton, cancelButton] : [cancelButton, generateButton];
  const hadFocus = document.activeElement === from;
  to.hidden = false;
  if (hadFocus) to.focus();
  from.hidden = true;
}

function add(sources: readonly ModelSource[]): void {
  void models.add(sources);
}

/** Puts back what the last visit's model was made of, as far as it is in the store. */
async function restore(urls: readonly URL[]): Promise<void> {
  for (const url of urls) {
    if (await isKept(url).catch(() => false)) await models.addUrl(url);
  }
  restored = true;
  rememberUrls(choice);
}

let restored = false;
let suited = choice.get();
choice.watch((next) => {
  const fit = settingsFor(suited, next);
  // The form remembers by itself what the last visit's model was made with.
  if (fit !== undefined && restored) settings.suit(fit);
  suited = next;
});
createAdapterPanel(choice, () => {
  if (byId('adapter-redo', HTMLInputElement).checked) void generate({ sameSeed: true });
});
createDevicePanel({ engine, settings, emptyStore, onError: (error) => errors.show(error) });
void restore(rememberedUrls());
acceptDrops(add);
listenToKeys({
  generate: () => void generate(),
  cancel,
  toggle: () => player.toggle(),
  step: (by) => player.step(by),
});
byId('form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  void generate();
});
byId('form', HTMLFormElement).addEventListener('input', () => player.setFps(settings.request().fps));
cancelButton.addEventListener('click', cancel);
byId('surprise', HTMLButtonElement).addEventListener('click', () => {
  settings.setPrompt(surprise(choice.get().builtIn));
  prompt.focus();
});
