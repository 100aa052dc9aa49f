import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HostScript } from '../ort-host-script.js';
import type { HostChannel, HostEvents } from './host-connection.js';

/** Starts a child process. Messages are copied, and it can be killed whatever it is doing. */
export function openProcess(script: HostScript, events: HostEvents): HostChannel {
  const child = fork(fileURLToPath(script.url), [], {
    execArgv: [...process.execArgv, ...script.execArgv],
    serialization: 'advanced',
    // The runtime's own output must not end in the application's standard output, which may be piped.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  child.on('message', events.reply);
  const ended = new Promise<void>((resolve) => {
    const end = (reason: string): void => {
      events.lost(reason);
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(describeExit(code, signal)));
  });
  return {
    sharesMemory: false,
    post: (message) => {
      // A failed send is the end of the child, which 'exit' tells.
      child.send(message, () => undefined);
    },
    hold: (alive) => {
      if (alive) {
        child.ref();
        child.channel?.ref();
      } else {
        child.unref();
        child.channel?.unref();
      }
    },
    ended,
    forceEnd: () => child.kill('SIGKILL'),
    kill: () => child.kill('SIGKILL'),
  };
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'its process was killed, perhaps by the system for lack of memory';
  return signal === null ? `its process exited with code ${code}` : `its process crashed with ${signal}`;
}
