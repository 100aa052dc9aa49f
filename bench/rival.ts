import { fork, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CaseReport, CaseTask } from './case-run.js';

/** A program that evaluates one UNet whenever it is asked. */
export interface Rival {
  readonly name: string;
  /** What it said after loading. */
  readonly loaded: CaseReport;
  evaluate(): Promise<CaseReport>;
  end(): void;
}

/** Ours, in a process of its own. */
export async function ownProcess(name: string, task: CaseTask): Promise<Rival> {
  const child = fork(fileURLToPath(new URL('./case-run.ts', import.meta.url)));
  const next = (message: CaseTask | 'again'): Promise<CaseReport> =>
    new Promise((resolve, reject) => {
      child.once('message', (report) => resolve(report as CaseReport));
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
      child.send(message);
    });
  const loaded = await next(task);
  return { name, loaded, evaluate: () => next('again'), end: () => child.send('end') };
}

/** diffusers on torch, where that Python has both: the same UNet with random weights. */
export async function diffusersProcess(
  python: string,
  { frames, pixels, threads }: Pick<CaseTask, 'frames' | 'pixels' | 'threads'>,
  type: 'float32' | 'bfloat16' = 'float32',
): Promise<Rival> {
  const script = fileURLToPath(new URL('./diffusers-rival.py', import.meta.url));
  const child = spawn(python, [script, ...[frames, pixels, threads].map(String), type], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<CaseReport> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`diffusers ended; has ${python} torch and diffusers?`);
    return JSON.parse(value as string) as CaseReport;
  };
  const loaded = await next();
  return {
    name: type === 'float32' ? 'diffusers' : `diffusers ${type}`,
    loaded,
    evaluate() {
      child.stdin.write('again\n');
      return next();
    },
    end: () => child.stdin.end(),
  };
}
