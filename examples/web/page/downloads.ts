import type { Animation } from 'animatediff-js';
import type { EncodeRequest, WorkerPipeline } from 'animatediff-js/web';
import { byId } from './dom.js';
import { encodeHere } from './encode-here.js';

/** The formats that the page offers. */
export type SaveFormat = 'gif' | 'webp' | 'png-sheet' | 'mp4';

/** What saving needs of the page. */
export interface DownloadParts {
  /** The worker that encodes; without one this thread does. */
  pipeline(): WorkerPipeline | undefined;
  fps(): number;
  onWork(text: string): void;
  onError(error: unknown): void;
}

/** The row of formats below the animation. */
export interface Downloads {
  /** Offers an animation, or nothing. */
  offer(animation: Animation | undefined): void;
}

const endings: Readonly<Record<SaveFormat, readonly [ending: string, type: string]>> = {
  gif: ['gif', 'image/gif'],
  webp: ['webp', 'image/webp'],
  'png-sheet': ['png', 'image/png'],
  mp4: ['mp4', 'video/mp4'],
};

export function createDownloads({ pipeline, fps, onWork, onError }: DownloadParts): Downloads {
  const buttons = Array.from(document.querySelectorAll<HTMLButtonElement>('button[data-format]'));
  const formatOf = (button: HTMLButtonElement): SaveFormat => button.dataset['format'] as SaveFormat;
  const hasVideo = 'VideoEncoder' in globalThis;
  let current: Animation | undefined;
  let busy = false;

  const refresh = (): void => {
    for (const button of buttons) {
      button.disabled = busy || current === undefined || (formatOf(button) === 'mp4' && !hasVideo);
    }
  };
  if (!hasVideo) {
    const reason = byId('mp4-reason', HTMLElement);
    reason.textContent = 'MP4 needs WebCodecs, which this browser does not offer here.';
    reason.hidden = false;
  }

  async function save(format: SaveFormat): Promise<void> {
    if (current === undefined) return;
    const { frames, seed } = current;
    const label = document.querySelector(`button[data-format="${format}"]`)?.textContent ?? format;
    const request: EncodeRequest = format === 'png-sheet' ? { format } : { format, fps: fps() };
    busy = true;
    refresh();
    onWork(`Writing ${label}…`);
    try {
      const encoder = pipeline();
      const bytes =
        encoder === undefined ? await encodeHere(frames, request) : await encoder.encode(frames, request);
      const [ending, type] = endings[format];
      offerFile(new Blob([bytes], { type }), `animation-${seed}.${ending}`);
      onWork(`${label} saved`);
    } catch (error) {
      onWork('');
      onError(error);
    } finally {
      busy = false;
      refresh();
    }
  }

  for (const button of buttons) button.addEventListener('click', () => void save(formatOf(button)));
  return {
    offer(animation) {
      current = animation;
      refresh();
    },
  };
}

/** How long a file stays at hand after the click; the browser has begun to copy it long before. */
const keepMilliseconds = 60_000;

function offerFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), keepMilliseconds);
}
