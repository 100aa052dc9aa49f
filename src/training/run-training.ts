import type { Backend, ModelArtifact, Session } from '../backends/backend.js';
import { AnimateDiffError } from '../core/errors.js';
import { asFloat32, type Tensor } from '../core/tensor.js';
import { type AdamWOptions, adamWStep } from './adam-w.js';
import { clippingFactor, gradientNorm } from './gradient-norm.js';
import { gradientName } from './gradient-outputs.js';
import { type LearningRateOptions, learningRateAt } from './learning-rate.js';
import { moveAverage } from './moving-average.js';
import type { TrainingEvent } from './training-events.js';
import { saveState, type TrainingState } from './training-state.js';

/** What {@link runTraining} goes by. */
export interface TrainingRun {
  /** Those that share the batches of a step. */
  readonly backends: readonly Backend[];
  /** The network with its loss and gradients. */
  readonly artifact: ModelArtifact;
  /** Where it begins; it is changed in place. */
  readonly state: TrainingState;
  /** What decides the run besides the state, as text. */
  readonly settings: string;
  /** Inputs besides the trained ones, by number of the batch. */
  feeds(batch: number): Record<string, Tensor>;
  /** The file that holds what has been learned. */
  file(): Uint8Array;
  /** Batches a step. */
  readonly accumulate: number;
  readonly optimizer: Omit<AdamWOptions, 'learningRate'>;
  readonly rate: LearningRateOptions;
  readonly maxGradientNorm: number;
  readonly averageDecay: number | undefined;
  readonly checkpointEvery: number | undefined;
  readonly sampleEvery: number | undefined;
  readonly onEvent: ((event: TrainingEvent) => void | Promise<void>) | undefined;
  /** Ends the run after the step under way. */
  readonly stop: AbortSignal | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Steps until the state has done all of them, or the run is stopped. @throws `numerics` when the loss is no longer a number. */
export async function runTraining(run: TrainingRun): Promise<void> {
  const { backends, artifact, state, rate, signal, onEvent } = run;
  const sessions: Session[] = [];
  try {
    for (const backend of backends) sessions.push(await backend.createSession(artifact, { signal }));
    const parameters = [...state.parameters.values()].reduce((sum, { values }) => sum + values.length, 0);
    await onEvent?.({ type: 'training-start', steps: rate.steps, from: state.step, parameters });
    while (state.step < rate.steps) {
      signal?.throwIfAborted();
      await takeStep(run, sessions);
      const { step } = state;
      const saved = isDue(step, run.checkpointEvery);
      if (saved) await saveCheckpoint(run);
      if (isDue(step, run.sampleEvery)) await onEvent?.({ type: 'training-sample', step, file: run.file() });
      if (run.stop?.aborted && step < rate.steps) {
        if (!saved) await saveCheckpoint(run);
        return;
      }
    }
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}

async function saveCheckpoint({ state, settings, onEvent, file }: TrainingRun): Promise<void> {
  const { step } = state;
  await onEvent?.({ type: 'checkpoint', step, bytes: saveState(state, settings), file: file() });
}

function isDue(step: number, every: number | undefined): boolean {
  return every !== undefined && step % every === 0;
}

async function takeStep(run: TrainingRun, sessions: readonly Session[]): Promise<void> {
  const { state, onEvent } = run;
  const { step } = state;
  const { loss, gradients } = await lossAndGradients(run, sessions);
  const norm = gradientNorm(gradients.values());
  if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
    throw new AnimateDiffError(
      'numerics',
      `training: the loss is ${loss} and its gradient ${norm} at step ${step}; use a lower learningRate, and clips and files without damage`,
      { details: { step } },
    );
  }
  const scale = clippingFactor(norm, run.maxGradientNorm);
  const learningRate = learningRateAt(step, run.rate);
  for (const [name, parameter] of state.parameters) {
    adamWStep(parameter, gradients.get(name)!, { ...run.optimizer, learningRate }, step + 1, scale);
    const { average, values } = parameter;
    if (average && run.averageDecay !== undefined) moveAverage(average, values, run.averageDecay, step + 1);
  }
  state.losses.push(loss);
  state.gradientNorms.push(norm);
  state.step = step + 1;
  const { steps } = run.rate;
  await onEvent?.({ type: 'training-step', step, steps, loss, gradientNorm: norm, learningRate });
}

/** Means over the batches of a step, as many at a time as there are sessions; added in order, whatever their number. */
async function lossAndGradients(
  { state, artifact, accumulate, feeds, signal }: TrainingRun,
  sessions: readonly Session[],
): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  const gradients = new Map<string, Float32Array>();
  let loss = 0;
  for (let done = 0; done < accumulate; done += sessions.length) {
    const runs = sessions.slice(0, accumulate - done).map((session, place) => {
      const batch = state.step * accumulate + done + place;
      return session.run({ ...feeds(batch), ...trainedFeeds(state, artifact) }, { signal });
    });
    for (const outputs of await Promise.all(runs)) {
      loss += asFloat32(outputs['loss'], 'loss').data[0]! / accumulate;
      for (const name of state.parameters.keys()) {
        const output = gradientName(name);
        const gradient = asFloat32(outputs[output], output).data;
        const sum = gradients.get(name) ?? new Float32Array(gradient.length);
        for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + gradient[i]! / accumulate;
        gradients.set(name, sum);
      }
    }
  }
  return { loss, gradients };
}

/** Copies: a session may take its feeds away. In the shapes of the graph, which may have more sizes of 1 than the file. */
function trainedFeeds({ parameters }: TrainingState, { inputs }: ModelArtifact): Record<string, Tensor> {
  const shapes = new Map(inputs.map(({ name, shape }) => [name, shape as readonly number[]]));
  return Object.fromEntries(
    [...parameters].map(([name, { values }]) => [
      name,
      { type: 'float32', shape: shapes.get(name)!, data: values.slice() },
    ]),
  );
}
