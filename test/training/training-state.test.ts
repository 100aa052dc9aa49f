import { describe, expect, test } from 'vitest';
import {
  restoreState,
  saveState,
  startState,
  type TrainingState,
} from '../../src/training/training-state.js';
import { ramp } from '../support/run-graph.js';

function state(averaged = true): TrainingState {
  return startState(new Map([['a:up', { shape: [2, 3], values: ramp(6) }]]), averaged);
}

describe('a checkpoint', () => {
  test('gives the state back to the bit', async () => {
    const saved = state();
    const { values, mean, squares, average } = saved.parameters.get('a:up')!;
    for (const [index, data] of [values, mean, squares, average!].entries()) data.set(ramp(6, index + 7));
    Object.assign(saved, { step: 2 });
    saved.losses.push(0.1, 1 / 3);
    saved.gradientNorms.push(Math.PI, 1e-9);
    const restored = state();
    await restoreState(restored, saveState(saved, 'settings'), 'settings');
    expect(restored).toEqual(saved);
  });

  test('of other options is refused, with both', async () => {
    const bytes = saveState(state(), '{"seed":1}');
    await expect(restoreState(state(), bytes, '{"seed":2}')).rejects.toThrow(
      /was \{"seed":1\}, and is \{"seed":2\}/,
    );
  });

  test('of other tensors is refused', async () => {
    const bytes = saveState(state(false), 'settings');
    await expect(restoreState(state(), bytes, 'settings')).rejects.toThrow(
      /'average\/a:up' is \[not there\]/,
    );
  });

  test('that is something else is refused', async () => {
    await expect(restoreState(state(), new Uint8Array(100), 'settings')).rejects.toMatchObject({
      name: 'AnimateDiffError',
    });
  });

  test('whose losses do not belong to its steps is refused', async () => {
    const saved = state();
    saved.losses.push(1);
    await expect(restoreState(state(), saveState(saved, 's'), 's')).rejects.toThrow(
      /do not belong to 0 steps/,
    );
  });
});
