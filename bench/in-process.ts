import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs a task in a new process, with this one's loaders. @param script A file beside this one; what it sends last is the result. */
export function inProcess<T>(script: string, task: object): Promise<T> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)));
  return new Promise<T>((resolve, reject) => {
    let result: T | undefined;
    child.on('message', (message) => {
      result = message as T;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0 && result !== undefined) resolve(result);
      else reject(new Error(`the process of ${JSON.stringify(task)} ended with ${code ?? signal}`));
    });
    child.send(task);
  });
}
