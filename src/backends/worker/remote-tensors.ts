import { AnimateDiffError } from '../../core/errors.js';
import type { Endpoint } from '../../core/port/port-calls.js';
import type { Tensor } from '../../core/tensor.js';
import { type HeldTensors, type Holding, heldTensors, type Lent } from '../held-tensors.js';
import { ownTensors, tensorBuffers } from '../own-tensors.js';
import type { BackendCalls, HeldId } from './backend-calls.js';

/** The worker in which a tensor is held. */
export type RemotePlace = Endpoint<BackendCalls>;

/** Tensors that are held in a worker: here they are numbers. */
export function remoteTensors(): HeldTensors<RemotePlace> {
  return heldTensors(async ({ id, place }) => {
    // A worker that is gone has let go of it.
    await place?.call('drop', { held: id }).catch(() => undefined);
  });
}

/** Runs a worker's session. What it needs and the worker has not is sent ahead: messages keep their order. */
export async function runRemotely(
  endpoint: RemotePlace,
  session: number,
  lent: Lent<RemotePlace>,
  signal: AbortSignal | undefined,
): Promise<Record<string, Tensor>> {
  signal?.throwIfAborted();
  const feeds: Record<string, HeldId> = {};
  const plain: Record<string, Tensor> = {};
  const sent: Promise<unknown>[] = [];
  for (const [name, feed] of Object.entries(lent.feeds)) {
    if ('data' in feed) plain[name] = feed;
    else feeds[name] = brought(endpoint, feed, sent);
  }
  const into = Object.fromEntries(
    Object.entries(lent.into).map(([name, holding]) => [name, brought(endpoint, holding, sent)]),
  );
  const own = ownTensors(plain);
  const request = { session, feeds: { ...feeds, ...own }, into };
  const run = endpoint.call('run', request, { signal, transfer: tensorBuffers(own) });
  // What could not be held tells more than the run that misses it.
  await Promise.all([...sent, run]);
  return run;
}

function brought(endpoint: RemotePlace, holding: Holding<RemotePlace>, sent: Promise<unknown>[]): HeldId {
  const { id: held, form, content, place } = holding;
  if (place !== undefined && place !== endpoint) {
    throw new AnimateDiffError('backend', 'the worker ended, and with it a held tensor');
  }
  if (place === undefined) {
    const own = content && (ownTensors({ content }) as { content: Tensor });
    const transfer = own && tensorBuffers(own);
    sent.push(endpoint.call('hold', { held, content: own?.content ?? form }, { transfer }));
    holding.place = endpoint;
    holding.content = undefined;
  }
  return { held };
}
