// `npm run experiments [-- --json] [--seeds 64] [--only NAME,NAME]`: the paper's experiments on the embedded model, as one
// page, out/experiments/report.html. With --json the figures go to stdout. What it trains is kept in out/embedded.
import { parseArgs } from 'node:util';
import { writeFile } from '../embedded/stage-files.ts';
import { adapterScale } from './adapter-scale.ts';
import { clipsOfMotionLora, combinedMotionLoras, motionLoras } from './cameras.ts';
import type { Experiment } from './experiment.ts';
import { page } from './html.ts';
import { likeness } from './likeness.ts';
import { style } from './style.ts';
import { temporalLayers } from './temporal-layers.ts';

const experiments = {
  adapterScale,
  motionLoras,
  clipsOfMotionLora,
  combinedMotionLoras,
  temporalLayers,
  style,
  likeness,
};
type Name = keyof typeof experiments;
const names = Object.keys(experiments) as Name[];

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '64' },
    only: { type: 'string', default: names.join(',') },
  },
});
const chosen = values.only.split(',');
const seeds = Number(values.seeds);
const unknown = chosen.find((name) => !(names as string[]).includes(name));
if (unknown !== undefined || !Number.isInteger(seeds) || seeds < 1) {
  console.error(`experiments: --only takes names of ${names.join(', ')}; --seeds a number from 1`);
  process.exit(2);
}

const done: Experiment[] = [];
for (const name of names.filter((each) => chosen.includes(each))) {
  const began = Date.now();
  done.push(await experiments[name]({ seeds }));
  console.error(
    `${name}: ${JSON.stringify(done.at(-1)?.figures)} in ${((Date.now() - began) / 60_000).toFixed(1)} min`,
  );
}
const path = 'out/experiments/report.html';
await writeFile(path, page('AnimateDiff’s experiments on the embedded model', done));
console.error(`wrote ${path}`);
if (values.json) console.log(JSON.stringify(Object.assign({ seeds }, ...done.map(({ figures }) => figures))));
