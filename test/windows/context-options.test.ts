import { describe, expect, test } from 'vitest';
import { type ContextOptions, resolveContext } from '../../src/windows/context-options.js';

describe('the simple form', () => {
  test('cuts a long animation into overlapping windows of 16 frames', () => {
    expect(resolveContext(undefined, 64, 32)).toEqual({
      schedule: 'standard',
      length: 16,
      overlap: 4,
      stride: 1,
      closedLoop: false,
      fuse: 'pyramid',
      sigma: 1,
      useOnEqualLength: false,
    });
  });

  test('takes what the module takes at once as one window', () => {
    expect(resolveContext({}, 24, 24).length).toBe(24);
    expect(resolveContext({}, 25, 24).length).toBe(16);
  });

  test('stays within a module of fewer positions', () => {
    expect(resolveContext({}, 64, 8)).toMatchObject({ length: 8, overlap: 2 });
    expect(resolveContext({}, 64, 1)).toMatchObject({ length: 1, overlap: 0 });
  });

  test('closes a loop, also where the module could take all frames', () => {
    const closed = { schedule: 'looped', closedLoop: true, useOnEqualLength: true };
    expect(resolveContext({ loop: true }, 64, 32)).toMatchObject({ ...closed, length: 16, overlap: 4 });
    expect(resolveContext({ loop: true }, 24, 32)).toMatchObject({ ...closed, length: 16 });
    expect(resolveContext({ loop: true }, 12, 32)).toMatchObject({ ...closed, length: 12, overlap: 3 });
  });
});

test('what is given is kept', () => {
  const options: ContextOptions = {
    schedule: 'looped',
    length: 20,
    overlap: 7,
    stride: 3,
    closedLoop: true,
    fuse: 'gaussian',
    sigma: 0.5,
    useOnEqualLength: false,
  };
  expect(resolveContext(options, 64, 32)).toEqual(options);
});

test.each<[ContextOptions, RegExp]>([
  [{ length: 33 }, /context: length: the motion module takes at most 32 frames at once, got 33/],
  [{ length: 16, overlap: 16 }, /context: overlap: expected fewer frames than a window's 16, got 16/],
  [{ schedule: 'batched', overlap: 4 }, /context: overlap: 'batched' windows share no frames/],
  [{ loop: true, schedule: 'static' }, /context: loop: a loop needs the schedule 'looped'/],
  [{ loop: true, closedLoop: false }, /context: loop:/],
  [{ closedLoop: true, schedule: 'standard' }, /context: closedLoop: only 'looped' windows/],
  [{ schedule: 'static', stride: 2 }, /context: stride: 'static' windows hold consecutive frames/],
  [{ sigma: 5 }, /context: sigma/],
  [{ stride: 0 }, /context: stride/],
  [{ length: 1.5 }, /context: length/],
  [{ fuse: 'round' as 'flat' }, /context: fuse/],
  [{ lenght: 16 } as ContextOptions, /context: .*lenght/],
])('%j is refused', (options, message) => {
  expect(() => resolveContext(options, 64, 32)).toThrow(message);
  expect(() => resolveContext(options, 64, 32)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
});
