import type { Frame } from '../../src/media/frame.ts';
import type { Subject } from './captions.ts';
import { type FrameObject, frameObject } from './frame-object.ts';
import { bestShape, matchShape, selfTurn } from './shape-match.ts';
import { watermarkAt, watermarkBand } from './stock-look.ts';
import type { Background, Colour, Motion, Shape } from './vocabulary.ts';

/** What an animation shows, as far as its pixels tell. */
export interface Measured {
  readonly background: Background;
  readonly colour: Colour;
  readonly shape: Shape;
  readonly motion: Motion;
  /** Change over the clip: pixels, factor of the diameter, radians. */
  readonly dx: number;
  readonly dy: number;
  readonly growth: number;
  readonly turn: number;
}

/** What scenes do over a clip; a change counts from this share of it on. */
const whole = { shift: 26, growth: Math.log(1.35 / 0.65), turn: (140 * Math.PI) / 180 };
const leastShare = 0.3;

/** Measures an animation. */
export function measure(frames: readonly Frame[]): Measured {
  const objects = frames.map(frameObject);
  const looked = [0, 0.5, 1].map((share) => objects[Math.round(share * (objects.length - 1))]!);
  const shape = mostCommon(looked.map((object) => bestShape(object).shape));
  const [from, to] = [meanOf(objects.slice(0, 2)), meanOf(objects.slice(-2))];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const growth = Math.sqrt(Math.max(1, to.area) / Math.max(1, from.area));
  const turn = turnOver(objects, shape);
  return {
    background: mostCommon(objects.map(({ background }) => background)),
    colour: mostCommon(objects.map(({ colour }) => colour)),
    shape,
    motion: motionOf(dx, dy, growth, turn),
    ...{ dx, dy, growth, turn },
  };
}

function motionOf(dx: number, dy: number, growth: number, turn: number): Motion {
  const shares: readonly (readonly [Motion, number])[] = [
    [dx < 0 ? 'moving left' : 'moving right', Math.abs(dx) / whole.shift],
    [dy < 0 ? 'moving up' : 'moving down', Math.abs(dy) / whole.shift],
    [growth > 1 ? 'growing' : 'shrinking', Math.abs(Math.log(growth)) / whole.growth],
    ['spinning', Math.abs(turn) / whole.turn],
  ];
  const [motion, share] = shares.reduce((best, each) => (each[1] > best[1] ? each : best));
  return share < leastShare ? 'standing still' : motion;
}

/** The turn from frame to frame, summed; the way round is the shorter one. */
function turnOver(objects: readonly FrameObject[], shape: Shape): number {
  const all = selfTurn[shape];
  if (all === 0) return 0;
  // Every other frame will do: scenes turn by far less than half of a shape's turn into itself.
  const angles = objects.filter((_, i) => i % 2 === 0).map((object) => matchShape(object, shape, 12).angle);
  let sum = 0;
  for (let i = 1; i < angles.length; i++) {
    const step = angles[i]! - angles[i - 1]!;
    sum += step - all * Math.round(step / all);
  }
  return sum;
}

/** Whether an animation shows each thing that a caption says. */
export function agreement(
  subject: Subject,
  measured: Measured,
): Readonly<Record<'background' | 'colour' | 'shape' | 'motion', boolean>> {
  // Nobody sees a circle or a ring spin.
  const unseen = selfTurn[subject.shape] === 0 && subject.motion === 'spinning';
  const motion = unseen ? 'standing still' : subject.motion;
  return {
    background: measured.background === subject.background,
    colour: measured.colour === subject.colour,
    shape: measured.shape === subject.shape,
    motion: measured.motion === motion,
  };
}

/** How strongly the watermark's pattern is in frames: the square of its mean amplitude, in 8-bit grey levels. */
export function watermarkEnergy(frames: readonly Frame[]): number {
  const { left, right, top, bottom } = watermarkBand;
  const energies = frames.map(({ width, data }) => {
    let sum = 0;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const at = (y * width + x) * 4;
        sum += (watermarkAt(x, y) * (data[at]! + data[at + 1]! + data[at + 2]!)) / 3;
      }
    }
    return (sum / ((right - left) * (bottom - top))) ** 2;
  });
  return energies.reduce((sum, energy) => sum + energy, 0) / frames.length;
}

function meanOf(objects: readonly FrameObject[]): { x: number; y: number; area: number } {
  const mean = (pick: (object: FrameObject) => number): number =>
    objects.reduce((sum, object) => sum + pick(object), 0) / objects.length;
  return { x: mean(({ x }) => x), y: mean(({ y }) => y), area: mean(({ area }) => area) };
}

function mostCommon<T>(values: readonly T[]): T {
  const count = (value: T): number => values.filter((each) => each === value).length;
  return values.reduce((best, value) => (count(value) > count(best) ? value : best));
}
