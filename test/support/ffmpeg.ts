import { spawnSync } from 'node:child_process';

/** Whether there is no ffmpeg to test with. */
export const ffmpegMissing = spawnSync('ffmpeg', ['-version']).status !== 0;
