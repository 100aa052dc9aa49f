// `npm run demo`: real model files to a GIF and a contact sheet, through the command line that everyone has.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const model = join(root, 'models/embedded');
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'dist/cli.js'),
    'generate',
    ...['--checkpoint', join(model, 'model')],
    ...['--motion', join(model, 'motion/motion-module.safetensors')],
    ...['--prompt', 'a red circle on a black background, moving right'],
    ...['--guidance', '3', '--steps', '25', '--seed', '6', '--enlarge', '4'],
    ...['--output', join(root, 'out/demo.gif'), '--sheet', join(root, 'out/demo-sheet.png')],
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
