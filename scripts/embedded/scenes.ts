import type { Frame } from '../../src/media/frame.ts';
import { trainingRandom } from '../../src/training/training-random.ts';
import type { Subject } from './captions.ts';
import { shapeDistance } from './shape-distance.ts';
import {
  backgroundNames,
  backgrounds,
  colourNames,
  colours,
  motions,
  radii,
  type Shape,
  shapes,
  sizeNames,
} from './vocabulary.ts';

/** Pixels of a side, and frames of a clip. */
export const pictureSize = 64;
export const clipLength = 16;

/** What a camera does, for MotionLoRAs. */
export const cameras = ['zoom-in', 'zoom-out', 'pan-left', 'roll'] as const;
export type Camera = (typeof cameras)[number];

/** Everything that decides a clip. */
export interface Scene extends Subject {
  /** Middle of the way, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Factor of the size's radius. */
  readonly scale: number;
  /** At the first frame, in radians. */
  readonly angle: number;
  readonly camera?: Camera | undefined;
}

/** Pose of the shape at a time. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly angle: number;
}

const travel = 26;
const turn = (10 * Math.PI) / 180;

/** A scene at random; what `fixed` gives is not drawn. */
export function randomScene(seed: number, index: number, fixed: Partial<Scene> = {}): Scene {
  const random = trainingRandom(seed, 'example', 7, index);
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const around = (spread: number): number => (2 * random.uniform() - 1) * spread;
  const drawn = {
    size: pick(sizeNames),
    colour: pick(colourNames),
    shape: pick(shapes),
    background: pick(backgroundNames),
    motion: pick(motions),
  };
  const subject = { ...drawn, ...fixed };
  const sideways = subject.motion === 'moving left' || subject.motion === 'moving right';
  const upwards = subject.motion === 'moving up' || subject.motion === 'moving down';
  const middle = pictureSize / 2;
  return {
    x: middle + around(sideways ? 3 : 6),
    y: middle + around(upwards ? 3 : 6),
    scale: 1 + around(0.06),
    angle: around(0.12),
    ...subject,
  };
}

/** Where the shape is at a frame, 0 to 15. */
export function poseAt(scene: Scene, frame: number): Pose {
  const { motion, scale, size, camera } = scene;
  // -0.5 to 0.5 over the clip.
  const time = frame / (clipLength - 1) - 0.5;
  let { x, y, angle } = scene;
  let radius = radii[size] * scale;
  if (motion === 'moving left') x -= travel * time;
  if (motion === 'moving right') x += travel * time;
  if (motion === 'moving up') y -= travel * time;
  if (motion === 'moving down') y += travel * time;
  if (motion === 'growing') radius *= 1 + 0.7 * time;
  if (motion === 'shrinking') radius *= 1 - 0.7 * time;
  if (motion === 'spinning') angle += turn * frame;
  const middle = pictureSize / 2;
  if (camera === 'zoom-in' || camera === 'zoom-out') {
    const zoom = 1 + (camera === 'zoom-in' ? 0.9 : -0.9) * time;
    [x, y, radius] = [middle + (x - middle) * zoom, middle + (y - middle) * zoom, radius * zoom];
  }
  // What a camera turns away from moves the other way.
  if (camera === 'pan-left') x += travel * time;
  if (camera === 'roll') {
    const by = turn * frame;
    const [dx, dy] = [x - middle, y - middle];
    x = middle + dx * Math.cos(by) - dy * Math.sin(by);
    y = middle + dx * Math.sin(by) + dy * Math.cos(by);
    angle += by;
  }
  return { x, y, radius, angle };
}

/** One frame of a scene. */
export function renderFrame(scene: Scene, frame: number): Frame {
  const { shape, colour, background } = scene;
  const data = new Uint8ClampedArray(pictureSize * pictureSize * 4);
  const [inside, outside] = [colours[colour], backgrounds[background]];
  const pose = poseAt(scene, frame);
  for (let y = 0; y < pictureSize; y++) {
    for (let x = 0; x < pictureSize; x++) {
      const cover = coverage(shape, pose, x + 0.5, y + 0.5);
      const at = (y * pictureSize + x) * 4;
      for (let c = 0; c < 3; c++) data[at + c] = cover * inside[c]! + (1 - cover) * outside[c]!;
      data[at + 3] = 255;
    }
  }
  return { width: pictureSize, height: pictureSize, data };
}

/** Share of a pixel that the shape covers. */
export function coverage(shape: Shape, { x, y, radius, angle }: Pose, px: number, py: number): number {
  const [dx, dy] = [px - x, py - y];
  const away = Math.hypot(dx, dy) - 1.5 * radius;
  if (away > 1) return 0;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const distance = shapeDistance(shape, dx * cos + dy * sin, dy * cos - dx * sin, radius);
  return Math.min(1, Math.max(0, 0.5 - distance));
}

/** All frames of a scene. */
export function renderScene(scene: Scene): Frame[] {
  return Array.from({ length: clipLength }, (_, frame) => renderFrame(scene, frame));
}
