import type { FrameObject } from './frame-object.ts';
import { coverage, pictureSize } from './scenes.ts';
import { type Shape, shapes } from './vocabulary.ts';

/** How well a shape lies over an object, and how it is turned then. */
export interface ShapeMatch {
  readonly shape: Shape;
  /** Common over joined area, 0 to 1. */
  readonly overlap: number;
  /** In radians, from 0 up to the shape's turn into itself. */
  readonly angle: number;
}

/** Turn after which a shape looks the same; 0 when every turn does. */
export const selfTurn: Readonly<Record<Shape, number>> = {
  circle: 0,
  ring: 0,
  square: Math.PI / 2,
  cross: Math.PI / 2,
  triangle: (2 * Math.PI) / 3,
  star: (2 * Math.PI) / 5,
};

/** Area of a shape of radius 1. */
const unitArea: Readonly<Record<Shape, number>> = {
  circle: Math.PI,
  ring: Math.PI * (1 - 0.48 ** 2),
  square: 4 * 0.84 ** 2,
  cross: 4 * (2 * 0.32 - 0.32 ** 2),
  triangle: (3 * Math.sqrt(3) * 1.15 ** 2) / 4,
  star: 5 * 0.42 * Math.sin(Math.PI / 5) * 1.15 ** 2,
};

/** The shape that fits an object best. */
export function bestShape(object: FrameObject): ShapeMatch {
  return shapes
    .map((shape) => matchShape(object, shape, 9))
    .reduce((best, match) => (match.overlap > best.overlap ? match : best));
}

/** A shape of the object's area and centre in the turn that fits best, out of so many. */
export function matchShape(object: FrameObject, shape: Shape, turns: number): ShapeMatch {
  const radius = Math.sqrt(object.area / unitArea[shape]);
  const all = selfTurn[shape];
  let best: ShapeMatch = { shape, overlap: -1, angle: 0 };
  for (let turn = 0; turn < (all === 0 ? 1 : turns); turn++) {
    const angle = (all * turn) / turns;
    const overlap = overlapAt(object, shape, radius, angle);
    if (overlap > best.overlap) best = { shape, overlap, angle };
  }
  return best;
}

function overlapAt({ cover, x, y }: FrameObject, shape: Shape, radius: number, angle: number): number {
  const pose = { x, y, radius, angle };
  let [common, joined] = [0, 0];
  for (let py = 0; py < pictureSize; py++) {
    for (let px = 0; px < pictureSize; px++) {
      const own = cover[py * pictureSize + px]!;
      const far = Math.max(Math.abs(px + 0.5 - x), Math.abs(py + 0.5 - y)) > 1.2 * radius + 1;
      const ideal = far ? 0 : coverage(shape, pose, px + 0.5, py + 0.5);
      common += Math.min(own, ideal);
      joined += Math.max(own, ideal);
    }
  }
  return joined > 0 ? common / joined : 0;
}
