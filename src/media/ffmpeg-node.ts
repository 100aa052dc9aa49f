import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { AnimateDiffError } from '../core/errors.js';

/** One run of ffmpeg. */
export interface FfmpegRun {
  /** Program to start: a path, or a name that is looked up on the PATH. */
  readonly program: string;
  /** Its arguments. No shell sees them. */
  readonly args: readonly string[];
  /** What it is run for, in messages: `MP4`. */
  readonly purpose: string;
  /** What to do where there is no ffmpeg, for the message. */
  readonly otherwise: string;
  /** Writes the input; the pipe is closed when it returns. Default: there is none. */
  readonly feed?: ((write: (bytes: Uint8Array) => Promise<void>) => Promise<void>) | undefined;
  /** Reads the output. When it returns before the end, the program is stopped. Default: there is none. */
  readonly receive?: ((output: AsyncIterable<Uint8Array>) => Promise<void>) | undefined;
  /** Kills the process at once. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs ffmpeg with its standard input fed or its standard output read.
 *
 * @throws `unsupported` when the program does not exist or lacks an encoder, `backend` with the end of its messages
 * when it fails; `signal.reason` when cancelled.
 */
export async function runFfmpeg(request: FfmpegRun): Promise<void> {
  const { program, args, purpose, signal } = request;
  signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: 'pipe', windowsHide: true });
  // SIGKILL: on a gentler signal ffmpeg first finishes the file.
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  const messages = lastMessages(child);
  // Both are always awaited: the caller deletes the output file next, so nothing may write to it any more.
  const [end, input, output] = await Promise.allSettled([
    waitForEnd(child, request),
    feedThenClose(child, request.feed ?? (async () => undefined), kill),
    receiveAll(child, request.receive, kill),
  ]);
  signal?.removeEventListener('abort', kill);
  signal?.throwIfAborted();
  if (end.status === 'rejected') throw end.reason;
  if (input.status === 'rejected' && !(input.reason instanceof BrokenPipe)) throw input.reason;
  if (output.status === 'rejected') throw output.reason;
  if (end.value !== 0 && !output.value) throw failure(purpose, end.value, messages());
}

// ffmpeg ended before it had read everything. Its exit code and messages tell why, so this never reaches the caller.
class BrokenPipe extends Error {}

// Resolves with the exit code, or the name of the signal that ended the process.
async function waitForEnd(
  child: ChildProcessWithoutNullStreams,
  { program, purpose, otherwise }: FfmpegRun,
): Promise<number | string> {
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null];
    return code ?? killedBy ?? 'an unknown reason';
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new AnimateDiffError(
      'unsupported',
      missing
        ? `${purpose} needs ffmpeg, and '${program}' was not found. Install it (Debian, Ubuntu: apt install ffmpeg; macOS: ` +
            'brew install ffmpeg; Windows: winget install ffmpeg), or pass the path to it as the `ffmpeg` option, or ' +
            otherwise
        : `${purpose}: '${program}' could not be started: ${(cause as Error).message}`,
      { cause },
    );
  }
}

async function feedThenClose(
  child: ChildProcessWithoutNullStreams,
  feed: NonNullable<FfmpegRun['feed']>,
  kill: () => void,
): Promise<void> {
  const { stdin } = child;
  // Each write reports its own failure; without a listener the stream's event would end the whole program.
  stdin.on('error', () => undefined);
  try {
    await feed(
      (bytes) =>
        new Promise((resolve, reject) => {
          stdin.write(bytes, (error) => (error ? reject(new BrokenPipe()) : resolve()));
        }),
    );
    stdin.end();
  } catch (error) {
    kill();
    throw error;
  }
}

function lastMessages(child: ChildProcessWithoutNullStreams): () => string {
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-2000);
  });
  return () => text.trim();
}

/** True when the output was wanted no further and the program was stopped. */
async function receiveAll(
  child: ChildProcessWithoutNullStreams,
  receive: FfmpegRun['receive'],
  kill: () => void,
): Promise<boolean> {
  const { stdout } = child;
  // Unread output would block the process once the pipe is full.
  if (receive === undefined) {
    stdout.resume();
    return false;
  }
  try {
    await receive(stdout);
    return !stdout.readableEnded;
  } finally {
    if (!stdout.readableEnded) kill();
  }
}

function failure(purpose: string, code: number | string, messages: string): AnimateDiffError {
  if (messages.includes('Unknown encoder')) {
    return new AnimateDiffError(
      'unsupported',
      `${purpose}: this ffmpeg was built without the H.264 encoder libx264; install a full build. It said: ${messages}`,
    );
  }
  return new AnimateDiffError(
    'backend',
    `${purpose}: ffmpeg ended with ${code}. It said: ${messages || 'nothing'}`,
  );
}
