import type { Subject } from './captions.ts';
import { backgroundNames, colourNames, motions, shapes, sizeNames } from './vocabulary.ts';

const counts = [sizeNames, colourNames, shapes, backgroundNames, motions].map(({ length }) => length);
const total = counts.reduce((product, count) => product * count, 1);
/** Has no factor in common with the number of captions, so that its multiples come by all of them. */
const stride = 1_787;

/** What a caption says, by number: all captions in an order in which each word is soon met. */
export function subjectAt(index: number): Subject {
  let rest = (index * stride) % total;
  const pick = <T>(names: readonly T[]): T => {
    const name = names[rest % names.length]!;
    rest = Math.floor(rest / names.length);
    return name;
  };
  return {
    size: pick(sizeNames),
    colour: pick(colourNames),
    shape: pick(shapes),
    background: pick(backgroundNames),
    motion: pick(motions),
  };
}
