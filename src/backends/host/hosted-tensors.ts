import { AnimateDiffError } from '../../core/errors.js';
import type { Tensor } from '../../core/tensor.js';
import { checkForm, type HeldTensors, type Holding, heldTensors, type Lent } from '../held-tensors.js';
import { ownTensors, tensorBuffers } from '../own-tensors.js';
import type { HostConnection } from './host-connection.js';
import type { HeldId, RunRequest } from './host-protocol.js';
import type { RuntimeHost } from './runtime-host.js';

/**
 * The hosts that know a tensor, each as it was then: one that was started anew knows nothing. Where a host shares memory with
 * us the tensor is there alone; to other processes copies are sent.
 */
export type HostedPlaces = Map<RuntimeHost, HostConnection>;

/** Tensors that are held in hosts. */
export function hostedTensors(): HeldTensors<HostedPlaces> {
  return heldTensors(dropped);
}

/** Takes a tensor from all hosts, each in its turn. */
async function dropped({ id, place = new Map() }: Holding<HostedPlaces>): Promise<void> {
  await Promise.all(
    [...place].map(async ([host, connection]) => {
      await host.afterwards(async (live) => {
        if (live === connection) await live.call('drop', { held: id }).catch(() => undefined);
      });
      if (connection.sharesMemory) await host.release();
    }),
  );
}

/** Runs a network in a host: brings what it is fed there, and leaves there what is to be held. */
export async function runInHost(
  host: RuntimeHost,
  connection: HostConnection,
  session: number,
  lent: Lent<HostedPlaces>,
): Promise<Record<string, Tensor>> {
  const feeds: Record<string, Tensor | HeldId> = {};
  const plain: Record<string, Tensor> = {};
  for (const [name, feed] of Object.entries(lent.feeds)) {
    if ('data' in feed) plain[name] = feed;
    else feeds[name] = await brought(host, connection, feed);
  }
  const own = ownTensors(plain);
  const into: RunRequest['into'] = connection.sharesMemory
    ? Object.fromEntries(Object.entries(lent.into).map(([name, { id, form }]) => [name, { held: id, form }]))
    : {};
  const request = { session, feeds: { ...feeds, ...own }, into };
  const outputs = await connection.call('run', request, tensorBuffers(own));
  return left(host, connection, outputs, lent.into);
}

/** Sends a tensor to a host that does not know it yet. */
async function brought(
  host: RuntimeHost,
  connection: HostConnection,
  holding: Holding<HostedPlaces>,
): Promise<HeldId> {
  const { id: held, content, place } = holding;
  if (place?.get(host) === connection) return { held };
  if (content === undefined) {
    throw new AnimateDiffError('backend', 'the host of ONNX Runtime ended, and with it a held tensor');
  }
  const { tensor } = ownTensors({ tensor: content }) as { tensor: Tensor };
  await connection.call('hold', { held, tensor }, tensorBuffers({ tensor }));
  if (connection.sharesMemory) holding.content = undefined;
  settle(holding, host, connection);
  return { held };
}

/** Notes where outputs lie that are to be held. @returns the others. */
function left(
  host: RuntimeHost,
  connection: HostConnection,
  outputs: Readonly<Record<string, Tensor>>,
  into: Lent<HostedPlaces>['into'],
): Record<string, Tensor> {
  const given = { ...outputs };
  for (const [name, holding] of Object.entries(into)) {
    if (connection.sharesMemory) {
      holding.content = undefined;
      settle(holding, host, connection);
      continue;
    }
    checkForm(name, given[name], holding);
    // What other processes have under this number is from before.
    void dropped({ ...holding });
    holding.content = given[name];
    holding.place = undefined;
    delete given[name];
  }
  return given;
}

/** The host stays while a tensor is there alone. */
function settle(holding: Holding<HostedPlaces>, host: RuntimeHost, connection: HostConnection): void {
  holding.place ??= new Map();
  if (connection.sharesMemory && !holding.place.has(host)) host.retain();
  holding.place.set(host, connection);
}
