import { AnimateDiffError } from '../../core/errors.js';
import { ownCopy } from '../../core/port/own-copy.js';
import type { PortHandlers } from '../../core/port/port-calls.js';
import type { Frame } from '../../media/frame.js';
import type { PageCalls } from './pipeline-calls.js';

/** The page's side of frames that a worker encodes. */
export interface GivenFrames {
  /** @returns The number by which the worker asks for them. */
  give(frames: readonly Frame[]): number;
  takeBack(id: number): void;
  readonly handlers: PortHandlers<Pick<PageCalls, 'frame'>>;
}

/** Frames by number. They stay the caller's: each is copied when it is asked for. */
export function givenFrames(): GivenFrames {
  const given = new Map<number, readonly Frame[]>();
  let nextId = 0;
  return {
    give(frames) {
      given.set(nextId, frames);
      return nextId++;
    },
    takeBack: (id) => void given.delete(id),
    handlers: {
      frame: async ({ frames, index }, { handOver }) => {
        const frame = given.get(frames)?.[index];
        if (frame === undefined) {
          throw new AnimateDiffError('invalid-options', `encode: frame ${index} is not there`);
        }
        // Members by name: those of ImageData are not its own.
        const { width, height, data } = frame;
        const { copy, buffers } = ownCopy({ width, height, data });
        return handOver(copy, buffers);
      },
    },
  };
}
