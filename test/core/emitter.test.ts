import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { typedEmitter } from '../../src/core/emitter.js';

type Events = {
  'step-end': [event: { index: number }];
  done: [];
};

afterEach(() => vi.unstubAllGlobals());

describe('an emitter', () => {
  test('calls the listeners of an event in order, with the event', () => {
    const emitter = typedEmitter<Events>();
    const heard: string[] = [];
    emitter.on('step-end', ({ index }) => heard.push(`a${index}`));
    emitter.on('step-end', ({ index }) => heard.push(`b${index}`));
    emitter.on('done', () => heard.push('done'));
    emitter.emit('step-end', { index: 1 });
    emitter.emit('done');
    expect(heard).toEqual(['a1', 'b1', 'done']);
  });

  test('types what listeners receive and what may be emitted', () => {
    const emitter = typedEmitter<Events>();
    emitter.on('step-end', (event) => expectTypeOf(event).toEqualTypeOf<{ index: number }>());
    // @ts-expect-error there is no such event
    emitter.on('step-start', () => undefined);
    // @ts-expect-error the event needs an index
    emitter.emit('step-end', {});
  });

  test('on() gives back its own undo, which removes one listener and may be called twice', () => {
    const emitter = typedEmitter<Events>();
    const listener = vi.fn();
    const undo = emitter.on('step-end', listener);
    emitter.on('step-end', listener);
    undo();
    undo();
    emitter.emit('step-end', { index: 1 });
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('a listener removed during an event does not hear it any more', () => {
    const emitter = typedEmitter<Events>();
    const late = vi.fn();
    emitter.on('done', () => undo());
    const undo = emitter.on('done', late);
    emitter.emit('done');
    expect(late).not.toHaveBeenCalled();
  });

  test('a listener added during an event hears the next one', () => {
    const emitter = typedEmitter<Events>();
    const late = vi.fn();
    const undo = emitter.on('done', () => void emitter.on('done', late));
    emitter.emit('done');
    expect(late).not.toHaveBeenCalled();
    undo();
    emitter.emit('done');
    expect(late).toHaveBeenCalledTimes(1);
  });

  test('clear() removes all, also during an event', () => {
    const emitter = typedEmitter<Events>();
    const listener = vi.fn();
    emitter.on('done', () => emitter.clear());
    emitter.on('done', listener);
    emitter.on('step-end', listener);
    emitter.emit('done');
    emitter.emit('step-end', { index: 1 });
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('a listener that throws', () => {
  const mistake = new Error('a mistake in a listener');
  const emitWithMistake = (): string[] => {
    const emitter = typedEmitter<Events>();
    const heard: string[] = [];
    emitter.on('done', () => {
      throw mistake;
    });
    emitter.on('done', () => heard.push('next'));
    emitter.emit('done');
    heard.push('after emit');
    return heard;
  };

  test('stops neither the other listeners nor the emitting code; reportError gets its error', () => {
    const reportError = vi.fn();
    vi.stubGlobal('reportError', reportError);
    expect(emitWithMistake()).toEqual(['next', 'after emit']);
    expect(reportError).toHaveBeenCalledExactlyOnceWith(mistake);
  });

  test('is an uncaught exception where there is no reportError', () => {
    vi.stubGlobal('reportError', undefined);
    const queued: (() => void)[] = [];
    vi.stubGlobal('queueMicrotask', (task: () => void) => queued.push(task));
    expect(emitWithMistake()).toEqual(['next', 'after emit']);
    expect(queued).toHaveLength(1);
    expect(queued[0]).toThrow(mistake);
  });
});
