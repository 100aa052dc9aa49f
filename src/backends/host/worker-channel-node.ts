import { Worker } from 'node:worker_threads';
import type { HostScript } from '../ort-host-script.js';
import type { HostChannel, HostEvents } from './host-connection.js';

/**
 * Starts a worker thread. It shares memory with us, so buffers are handed over without copying. It has no `kill`:
 * ending a thread inside ONNX Runtime aborts the whole process.
 */
export function openWorker(script: HostScript, events: HostEvents): HostChannel {
  const worker = new Worker(script.workerUrl, { name: 'animatediff-js' });
  let problem: string | undefined;
  worker.on('message', events.reply);
  worker.on('error', (error) => {
    problem = error.message;
  });
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      events.lost(problem ?? `its thread exited with code ${code}`);
      resolve();
    });
  });
  return {
    sharesMemory: true,
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    ended,
    forceEnd: () => void worker.terminate(),
  };
}
