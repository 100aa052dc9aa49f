import { deviceFacts, gpuFacts } from './device-facts.js';
import { byId, make } from './dom.js';
import type { Engine } from './engine.js';
import type { Settings } from './settings.js';

/** What the panel needs of the page. */
export interface DevicePanelParts {
  readonly engine: Engine;
  readonly settings: Settings;
  emptyStore(): Promise<void>;
  onError(error: unknown): void;
}

/** Chooses what computes, and reports what there is. */
export function createDevicePanel({ engine, settings, emptyStore, onError }: DevicePanelParts): void {
  const dialog = byId('device-dialog', HTMLDialogElement);
  const facts = byId('device-facts', HTMLElement);
  const note = byId('device-note', HTMLElement);
  const chip = byId('device-chip', HTMLElement);
  const radios = Array.from(document.querySelectorAll<HTMLInputElement>('input[name="device"]'));
  let gpuName: string | undefined;

  const describe = (): void => {
    const isGpu = settings.device() === 'webgpu';
    chip.textContent = isGpu ? 'WebGPU' : 'WebAssembly';
    if (isGpu) note.textContent = gpuName ?? '';
    else if (globalThis.crossOriginIsolated)
      note.textContent = 'The processor. Slow for anything but small models.';
    else note.textContent = 'The processor, on one thread: this page is not cross-origin isolated.';
  };

  async function findGpu(): Promise<void> {
    const found = new Map(await gpuFacts());
    gpuName = found.get('adapter');
    const missing = gpuName === undefined;
    for (const radio of radios) {
      if (radio.value === 'webgpu') radio.disabled = missing;
    }
    const isChosen = radios.some(({ checked }) => checked);
    if (missing || !isChosen) settings.setDevice(missing ? 'wasm' : 'webgpu');
    describe();
  }

  async function fill(): Promise<void> {
    const groups = await deviceFacts(await engine.capabilities().catch(() => undefined));
    facts.replaceChildren(
      ...groups.flatMap(([group, lines]) => [
        make('h3', {}, group),
        make(
          'dl',
          {},
          ...lines.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))),
        ),
      ]),
    );
  }

  for (const radio of radios) radio.addEventListener('change', describe);
  byId('device-open', HTMLButtonElement).addEventListener('click', () => {
    dialog.showModal();
    void fill().catch(onError);
  });
  byId('device-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  byId('clear-storage', HTMLButtonElement).addEventListener('click', () => {
    void emptyStore().then(fill).catch(onError);
  });
  byId('copy-report', HTMLButtonElement).addEventListener('click', () => {
    void navigator.clipboard.writeText(reportText(facts)).catch(onError);
  });
  void findGpu().catch(onError);
}

function reportText(facts: HTMLElement): string {
  const lines = Array.from(facts.querySelectorAll('h3, dl > div'), (line) =>
    line.tagName === 'H3'
      ? `\n${line.textContent}`
      : Array.from(line.children, (each) => each.textContent).join(': '),
  );
  return `${navigator.userAgent}\n${lines.join('\n')}\n`;
}
