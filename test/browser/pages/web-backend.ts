import {
  type AnimateDiffError,
  AnimateDiffPipeline,
  type Backend,
  float32Tensor,
  type GenerateOptions,
  type LoadProgress,
  type OnLoadProgress,
  type Session,
  type Tensor,
  urlSource,
} from 'animatediff-js';
import { backendConformance } from 'animatediff-js/testing';
import { type OrtWebOptions, ortWeb } from 'animatediff-js/web';
import { matmul } from '../../../src/onnx/linear.js';
import { addition, weightedSum, weightless } from '../../../src/testing/sample-networks.js';
import {
  type PlainArtifact,
  type PlainTensor,
  plain,
  revivedArtifact,
  revivedTensor,
} from '../support/plain-artifact.js';
import { wideClipFeeds, wideClipText } from '../support/wide-clip-text.js';

/** Runs one case of the backend's conformance suite, by its name. */
export async function conform(options: OrtWebOptions, name: string): Promise<void> {
  const cases = backendConformance(() => ortWeb(options));
  await cases.find((each) => each.name === name)!.run();
}

const opened: (Backend | Session)[] = [];

/** Opens a backend; the number stands for it. */
export function open(options: OrtWebOptions): number {
  return opened.push(ortWeb(options)) - 1;
}

export async function capabilities(backend: number): Promise<Record<string, unknown>> {
  const found = await (opened[backend] as Backend).capabilities();
  return { ...found, dialect: [...found.dialect] };
}

/** Loads a network; the number stands for its session. */
export async function create(backend: number, artifact: PlainArtifact): Promise<number> {
  const session = await (opened[backend] as Backend).createSession(revivedArtifact(artifact));
  return opened.push(session) - 1;
}

export async function run(
  session: number,
  feeds: Readonly<Record<string, PlainTensor>>,
): Promise<Record<string, PlainTensor>> {
  const revived = Object.entries(feeds).map(([name, tensor]) => [name, revivedTensor(tensor)]);
  const outputs = await (opened[session] as Session).run(Object.fromEntries(revived));
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, plain(tensor)]));
}

export async function dispose(backendOrSession: number): Promise<void> {
  await opened[backendOrSession]!.dispose();
}

/** What a run rejects with, in plain data. */
export async function runFailure(...request: Parameters<typeof run>): Promise<unknown> {
  try {
    await run(...request);
  } catch (error) {
    return plainError(error);
  }
  return undefined;
}

function plainError(error: unknown): unknown {
  const { code, message, details } = error as AnimateDiffError;
  return { code, message, details };
}

/** Loads four weights of so many bytes together, of ones, twos, threes and fours; tells their sum, or what went wrong. */
export async function createLarge(backend: number, byteLength: number): Promise<unknown> {
  let reads = 0;
  const weights = [1, 2, 3, 4].map((value) => new Float32Array(byteLength / 16).fill(value));
  const artifact = weightedSum({ weights, blobs: 1, onRead: () => void reads++ });
  try {
    const session = await (opened[backend] as Backend).createSession(artifact);
    const length = byteLength / 16;
    const x = { type: 'float32', shape: [length], data: new Float32Array(length) } as const;
    const { y } = await session.run({ x });
    const [sum] = y!.data;
    return { reads, sum: y!.data.every((value) => value === sum) ? sum : Number.NaN };
  } catch (error) {
    return { reads, error: plainError(error) };
  }
}

/** Encodes a text with a table of CLIP's own size, 152 MB in float32, and one layer after it. */
export async function encodeText(backend: number): Promise<PlainTensor> {
  const { dialect } = await (opened[backend] as Backend).capabilities();
  const session = await (opened[backend] as Backend).createSession(await wideClipText(dialect));
  const { context } = await session.run(wideClipFeeds());
  await session.dispose();
  return plain(context!);
}

/**
 * Multiplies a column with a row of so many numbers, which is too much, then small ones, also in a new session.
 * @param inside Whether the product is multiplied with a column of ones, so that what comes out is small.
 */
export async function outgrow(
  backend: number,
  rows: number,
  columns: number,
  inside: boolean,
): Promise<unknown> {
  const network = weightless('outer-product', (g) => {
    const product = matmul(g, g.input('x', 'float32', ['rows', 1]), g.input('w', 'float32', [1, 'columns']));
    return inside ? matmul(g, product, g.input('ones', 'float32', ['columns', 1])) : product;
  });
  const open = () => (opened[backend] as Backend).createSession(network);
  const product = async (session: Session, height: number, width: number): Promise<Tensor> => {
    const x = float32Tensor(new Float32Array(height).fill(2), [height, 1]);
    const w = float32Tensor(new Float32Array(width).fill(3), [1, width]);
    const ones = float32Tensor(new Float32Array(width).fill(1), [width, 1]);
    return (await session.run(inside ? { x, w, ones } : { x, w }))['y']!;
  };
  const session = await open();
  const failure = await product(session, rows, columns).then(() => undefined, plainError);
  const again = [...((await product(session, 1, 1)).data as Float32Array)];
  const anew = [...((await product(await open(), 1, 1)).data as Float32Array)];
  return { failure, again, anew };
}

/** Feeds held tensors of so many bytes, which is too much, and of a few. */
export async function holdLarge(backend: number, byteLength: number): Promise<unknown> {
  const { createSession, hold } = opened[backend] as Backend;
  const session = await createSession(addition());
  const sum = async (rows: number): Promise<unknown> => {
    const tensor = () => float32Tensor(new Float32Array(3 * rows), [rows, 3]);
    const held = hold!(tensor());
    return session
      .run({ a: held, b: tensor() })
      .then(() => 'held', plainError)
      .finally(() => held.dispose());
  };
  return { failure: await sum(Math.ceil(byteLength / 12)), again: await sum(1) };
}

/** Makes a promise of the devices that are asked for from now on. */
export function catchDevices(): void {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    caught.push(device);
    return device;
  };
}

const caught: GPUDevice[] = [];

/** Takes all devices away, as a driver's reset does. */
export async function loseDevices(): Promise<number> {
  for (const device of caught) device.destroy();
  await Promise.all(caught.map(({ lost }) => lost));
  return caught.splice(0).length;
}

/** A generation with the tiny model, and the progress of loading it. */
export async function generate(
  backend: number,
  request: GenerateOptions,
): Promise<{ frames: number[][]; progress: LoadProgress[] }> {
  const progress: LoadProgress[] = [];
  const pipeline = await loadTiny(backend, (each) => void progress.push(each));
  const { frames } = await pipeline.generate(request);
  await pipeline.dispose();
  return { frames: frames.map(({ data }) => [...data]), progress };
}

/** A pipeline's text encoder before and after devices are lost: whether both times are equal, and what came at once then. */
export async function encodeAroundLoss(backend: number): Promise<unknown> {
  const pipeline = await loadTiny(backend);
  const encode = async (): Promise<string> =>
    (await pipeline.components.textEncoder.encode(['a red circle'])).data.join();
  const before = await encode();
  await loseDevices();
  const lost = await encode().catch(({ details }: AnimateDiffError) => details['reason']);
  const same = (await encode()) === before;
  await pipeline.dispose();
  return { lost, same };
}

function loadTiny(backend: number, onProgress?: OnLoadProgress): Promise<AnimateDiffPipeline> {
  return AnimateDiffPipeline.load({
    backend: opened[backend] as Backend,
    checkpoint: urlSource('/tiny-sd15/model/'),
    motionModule: urlSource('/tiny-sd15/motion/v2.ckpt'),
    onProgress,
    residency: 'all',
  });
}
