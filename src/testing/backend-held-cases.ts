import type { Backend, Feed, HeldTensor, Session } from '../backends/backend.js';
import { AnimateDiffError } from '../core/errors.js';
import { type Float32Tensor, float32Tensor } from '../core/tensor.js';
import { check, checkClose, checkCode } from './conformance.js';
import { addition } from './sample-networks.js';

type Body = (hold: NonNullable<Backend['hold']>, backend: Backend) => Promise<void>;

const row = (...values: number[]): Float32Tensor => float32Tensor(Float32Array.from(values), [1, 3]);
const form = { type: 'float32', shape: [1, 3] } as const;

const cases: Readonly<Record<string, Body>> = {
  'feeds a held tensor as often as wanted, with the results of a plain one': async (hold, backend) => {
    const session = await backend.createSession(addition());
    // Sums that have to be rounded.
    const values = [0.1, 1e7 + 1, -3.3e-5];
    const expected = await sum(session, row(...values), row(0.2, 0.3, 7));
    const held = hold(row(...values));
    for (let i = 0; i < 3; i++) {
      const found = await sum(session, held, row(0.2, 0.3, 7));
      check(found.join() === expected.join(), `[${expected.join()}] to the bit, got [${found.join()}]`);
    }
  },
  'feeds one held tensor to several sessions': async (hold, backend) => {
    const held = hold(row(1, 2, 3));
    for (let i = 1; i <= 2; i++) {
      const session = await backend.createSession(addition());
      checkClose(await sum(session, held, row(i, i, i)), [1 + i, 2 + i, 3 + i]);
      await session.dispose();
    }
  },
  'holds what is a view of part of a buffer': async (hold, backend) => {
    const session = await backend.createSession(addition());
    const part = Float32Array.of(9, 1, 2, 3, 9).subarray(1, 4);
    checkClose(await sum(session, hold(float32Tensor(part, [1, 3])), row(1, 1, 1)), [2, 3, 4]);
  },
  'puts an output into a held tensor, again and again, for another network': async (hold, backend) => {
    const first = await backend.createSession(addition());
    const target = hold(form);
    const next = await backend.createSession(addition());
    for (const value of [1, 5]) {
      const outputs = await first.run(
        { a: row(1, 2, 3), b: row(value, value, value) },
        { into: { y: target } },
      );
      check(!('y' in outputs), 'the output not to be given back too');
      checkClose(await sum(next, target, row(1, 1, 1)), [2 + value, 3 + value, 4 + value]);
    }
    await first.dispose();
    checkClose(await sum(next, target, row(0, 0, 0)), [6, 7, 8]);
  },
  'refuses an output that is not what the held tensor was made for': async (hold, backend) => {
    const session = await backend.createSession(addition());
    const target = hold({ type: 'float32', shape: [2, 3] });
    await checkCode(session.run({ a: row(1, 2, 3), b: row(1, 1, 1) }, { into: { y: target } }), 'backend');
    checkClose(await sum(session, row(1, 2, 3), row(1, 1, 1)), [2, 3, 4]);
  },
  'refuses a held tensor that nothing was put into': async (hold, backend) => {
    const session = await backend.createSession(addition());
    await checkCode(sum(session, hold(form), row(1, 1, 1)), 'invalid-options');
  },
  'refuses a held tensor of another backend': async (_, backend) => {
    const session = await backend.createSession(addition());
    const foreign: HeldTensor = { ...form, dispose: () => undefined };
    const error = await checkCode(sum(session, foreign, row(1, 1, 1)), 'invalid-options');
    check(error.message.includes("'a'"), `the input's name in '${error.message}'`);
  },
  'refuses a held tensor that was disposed': async (hold, backend) => {
    const session = await backend.createSession(addition());
    const [used, unused] = [hold(row(1, 2, 3)), hold(row(1, 2, 3))];
    await sum(session, used, row(1, 1, 1));
    for (const held of [used, unused]) {
      held.dispose();
      held.dispose();
      await checkCode(sum(session, held, row(1, 1, 1)), 'disposed');
      await checkCode(session.run({ a: row(1, 2, 3), b: row(1, 1, 1) }, { into: { y: held } }), 'disposed');
    }
  },
  'gives up held tensors when it is disposed': async (hold, backend) => {
    const session = await backend.createSession(addition());
    const held = hold(row(1, 2, 3));
    await sum(session, held, row(1, 1, 1));
    await backend.dispose();
    held.dispose();
    let problem: unknown;
    try {
      hold(row(1, 2, 3));
    } catch (error) {
      problem = error;
    }
    check(AnimateDiffError.isInstance(problem) && problem.code === 'disposed', "the code 'disposed'");
  },
};

/** Cases of the backend's conformance about tensors that it holds; there is nothing to see of one that holds none. */
export const heldCases: Readonly<Record<string, (backend: Backend) => Promise<void>>> = Object.fromEntries(
  Object.entries(cases).map(([name, body]) => [
    name,
    async (backend: Backend) => {
      const { deviceTensors } = await backend.capabilities();
      if (!deviceTensors) return;
      check(backend.hold !== undefined, '`hold`, since `deviceTensors` is true');
      await body((content) => backend.hold!(content), backend);
    },
  ]),
);

async function sum(session: Session, a: Feed, b: Feed): Promise<Float32Array> {
  return (await session.run({ a, b }))['y']?.data as Float32Array;
}
