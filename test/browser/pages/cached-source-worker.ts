import { type KeepOptions, keep } from './cached-source.js';

addEventListener('message', ({ data: [url, options] }: MessageEvent<[string, KeepOptions]>) => {
  void keep(url, options).then((kept) => postMessage(kept));
});

postMessage('ready');
