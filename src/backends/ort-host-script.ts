/** Where the code of a host lies, and what Node needs to run it. */
export interface HostScript {
  /** The entry, a file. */
  readonly url: URL;
  /** Arguments of Node for a process that runs it. */
  readonly execArgv: readonly string[];
  /** What a worker thread is started with. */
  readonly workerUrl: URL;
}

/**
 * The host's entry: `ort-node-host.js` beside the built library's chunks. Run from the TypeScript sources, as this
 * library's own tests are, it is the source file through the `tsx` loader, which a thread has to register for itself.
 */
export function hostScript(): HostScript {
  if (!import.meta.url.endsWith('.ts')) {
    const url = new URL('./ort-node-host.js', import.meta.url);
    return { url, execArgv: [], workerUrl: url };
  }
  const url = new URL('./ort-host-node.ts', import.meta.url);
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const code = `import { register } from ${loader}; register(); import(${JSON.stringify(url)});`;
  return {
    url,
    execArgv: ['--import', import.meta.resolve('tsx')],
    workerUrl: new URL(`data:text/javascript,${encodeURIComponent(code)}`),
  };
}
