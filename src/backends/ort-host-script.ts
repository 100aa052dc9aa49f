/** Where the code of a host lies, and how Node has to be started to run it. */
export interface HostScript {
  readonly url: URL;
  readonly execArgv: string[];
}

/**
 * The host's entry: `ort-node-host.js` beside the built library's chunks. Run from the TypeScript sources, as this
 * library's own tests are, it is the source file, through the `tsx` loader.
 *
 * @param execArgv Node's own arguments in this process: loaders that the application needs, a host needs too.
 */
export function hostScript(execArgv: readonly string[]): HostScript {
  if (!import.meta.url.endsWith('.ts')) {
    return { url: new URL('./ort-node-host.js', import.meta.url), execArgv: [...execArgv] };
  }
  return {
    url: new URL('./ort-host-node.ts', import.meta.url),
    execArgv: [...execArgv, '--import', import.meta.resolve('tsx')],
  };
}
