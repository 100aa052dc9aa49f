import { readFileSync } from 'node:fs';

/** Memory of this process and its threads, in bytes. Zero where the system does not tell (other than Linux). */
export interface MemoryUse {
  /** Largest resident set so far. */
  readonly peak: number;
  /** Resident now: private memory, and pages of mapped files that the system may take back. */
  readonly resident: number;
  readonly privateBytes: number;
}

/** Reads `/proc/self/status`. */
export function memoryUse(): MemoryUse {
  let text = '';
  try {
    text = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return { peak: 0, resident: 0, privateBytes: 0 };
  }
  const field = (name: string): number =>
    1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return { peak: field('VmHWM'), resident: field('VmRSS'), privateBytes: field('RssAnon') };
}
