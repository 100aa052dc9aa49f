/** Where npm puts libwebp's WebAssembly build, see docs/decisions/media.md. */
const wasmFile = '@jsquash/webp/codec/enc/webp_enc_simd.wasm';

/**
 * The encoder's WebAssembly, read from the installed package, where there is a file system that Node's built-in
 * modules reach (Node, Bun, Deno). `undefined` elsewhere, and where the package's files were moved: then the encoder
 * fetches the file beside its own script, which every bundler arranges.
 *
 * Node's `fetch` refuses `file:` URLs, so someone has to read the file there. `process.getBuiltinModule` asks for the
 * modules at run time; an import would break the same code in a browser bundle.
 */
export async function readInstalledWasm(): Promise<Uint8Array | undefined> {
  const builtin = (globalThis as { process?: Partial<NodeProcess> }).process?.getBuiltinModule;
  const modules = builtin?.('module');
  const files = builtin?.('fs/promises');
  if (modules === undefined || files === undefined) return undefined;
  try {
    return await files.readFile(modules.createRequire(import.meta.url).resolve(wasmFile));
  } catch {
    return undefined;
  }
}

// The little of Node that is used, so that the portable door's types need no Node types.
interface NodeProcess {
  getBuiltinModule: NodeBuiltins;
}
interface NodeBuiltins {
  (name: 'module'): { createRequire(from: string): { resolve(name: string): string } } | undefined;
  (name: 'fs/promises'): { readFile(path: string): Promise<Uint8Array> } | undefined;
}
