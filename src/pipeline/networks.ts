import type { Backend, BackendCapabilities, Session } from '../backends/backend.js';
import { AnimateDiffError } from '../core/errors.js';
import { buildClipText } from '../models/clip-text.js';
import { buildShallowUnet } from '../models/shallow-unet.js';
import { buildUnet } from '../models/unet.js';
import type { MotionGroupNorm } from '../models/unet-config.js';
import { plainUnet, sameForm, type UnetForm } from '../models/unet-form.js';
import type { UnetRequest } from '../models/unet-layers.js';
import { buildVaeDecoder } from '../models/vae-decoder.js';
import { buildVaeEncoder } from '../models/vae-encoder.js';
import type { ActiveAdapters } from './active-adapters.js';
import { type FeedMemory, feedMemory } from './feed-memory.js';
import type { Residency } from './load-options.js';
import type { NetworkPrecision } from './network-precision.js';
import { type AcquireOptions, type NetworkSlot, networkSlot } from './network-slot.js';
import type { OpenedModel } from './opened-model.js';
import { vaeDialect } from './vae-dialect.js';

/**
 * The names of the networks; `unet_shallow` is the UNet's shallowest layers alone, and `…_tiles` are the VAE's for tiles, which
 * are called as the whole ones in progress and errors.
 */
export type NetworkName =
  | 'text_encoder'
  | 'unet'
  | 'unet_shallow'
  | 'vae_decoder'
  | 'vae_encoder'
  | 'vae_decoder_tiles'
  | 'vae_encoder_tiles';

/** Which network is wanted, and how it is brought into memory. */
export interface HoldOptions extends AcquireOptions {
  /** What the UNet's graph must be able to do. Default: as it is, or the plain graph. */
  readonly form?: UnetForm | undefined;
}

/** The networks of a pipeline, each loaded when first needed and kept as long as the residency says. */
export interface Networks {
  /** Which networks stay in memory between uses. */
  readonly residency: Residency;
  /** What they are loaded in. */
  readonly precision: NetworkPrecision;
  /** The fused operators of their graphs. */
  readonly dialect: BackendCapabilities['dialect'];
  /** Memory for what many runs are fed; `undefined` where the backend holds no tensors. */
  readonly memory: () => FeedMemory | undefined;
  /**
   * Lets a network stay in memory between uses, whatever the residency says, until the function that is returned is
   * called. Loads nothing by itself.
   */
  keep(name: NetworkName): () => Promise<void>;
  /**
   * A network's session, kept in memory until `done` is called; then it goes unless others hold it or the residency
   * says that it stays. A UNet of another form than the loaded one takes its place.
   * @throws `busy` when the UNet is held in another form.
   */
  hold(name: NetworkName, options?: HoldOptions): Promise<{ session: Session; done(): Promise<void> }>;
  /** Runs `work` while holding a network. */
  use<T>(name: NetworkName, options: HoldOptions, work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Loads networks again whose graph or weights have changed, if they are loaded and stay; others are let go.
   * @throws `busy` while one of them is held.
   */
  renew(names: readonly NetworkName[], options: AcquireOptions): Promise<void>;
  /** Brings networks that stay into memory. */
  preload(options: AcquireOptions): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes the networks of an opened model for a backend. */
export function networks(
  model: OpenedModel,
  backend: Backend,
  capabilities: BackendCapabilities,
  residency: Residency,
  groupNorm: MotionGroupNorm,
  adapters: ActiveAdapters,
  precision: NetworkPrecision,
): Networks {
  const { dialect } = capabilities;
  const { motion } = model;
  const slot = (label: NetworkName, build: Parameters<typeof networkSlot>[2]): NetworkSlot =>
    networkSlot(
      label,
      backend,
      build,
      async () => {
        await Promise.all([model.close(), adapters.close()]);
      },
      // The next generation loads them on whatever device there is then.
      () => void Promise.allSettled(Object.values(slots).map((each) => each.release())),
    );
  const shared = { dialect, precision: precision.unet };
  const ofVae = { ...model.vae, dialect: vaeDialect(dialect), precision: precision.vae };
  let form: UnetForm = { ...plainUnet, precision: precision.unet };
  const ofUnet = (): UnetRequest => ({
    ...model.unet,
    ...adapters.changes('unet'),
    dialect,
    precision: form.precision,
    quantization: precision.quantization,
    form,
    motion: motion && { config: motion.config, version: motion.module.version, groupNorm },
  });
  const slots: Record<NetworkName, NetworkSlot> = {
    text_encoder: slot('text_encoder', (signal) =>
      buildClipText({ ...model.textEncoder, ...adapters.changes('text_encoder'), ...shared, signal }),
    ),
    unet: slot('unet', (signal) => buildUnet({ ...ofUnet(), signal })),
    unet_shallow: slot('unet_shallow', (signal) => buildShallowUnet({ ...ofUnet(), signal })),
    vae_decoder: slot('vae_decoder', (signal) => buildVaeDecoder({ ...ofVae, signal })),
    vae_encoder: slot('vae_encoder', (signal) => buildVaeEncoder({ ...ofVae, signal })),
    vae_decoder_tiles: slot('vae_decoder', (signal) => buildVaeDecoder({ ...ofVae, signal, tiles: true })),
    vae_encoder_tiles: slot('vae_encoder', (signal) => buildVaeEncoder({ ...ofVae, signal, tiles: true })),
  };
  const kept = new Set<NetworkName>();
  const stays = (part: NetworkName): boolean => {
    const name = wholeOf(part);
    return residency === 'all' || (residency === 'unet' && name === 'unet') || kept.has(name);
  };

  const holders = new Map<NetworkName, number>();
  const count = (name: NetworkName, change: number): number => {
    const now = (holders.get(name) ?? 0) + change;
    holders.set(name, now);
    return now;
  };

  async function makeRoomFor(name: NetworkName): Promise<void> {
    if (residency !== 'one') return;
    const others = (Object.keys(slots) as NetworkName[]).filter(
      (other) => other !== name && !holders.get(other) && !kept.has(wholeOf(other)),
    );
    await Promise.all(others.map((other) => slots[other].release()));
  }

  async function letGo(name: NetworkName): Promise<void> {
    if (count(name, -1) === 0 && !stays(name)) await slots[name].release();
  }

  async function takeForm(given: UnetForm): Promise<void> {
    const wanted = { ...given, precision: given.precision ?? precision.unet };
    if (sameForm(wanted, form)) return;
    const parts = partsOf('unet');
    if (parts.some((part) => holders.get(part))) {
      throw new AnimateDiffError(
        'busy',
        'the unet is running in another form; ask again when it has finished',
      );
    }
    form = wanted;
    await Promise.all(parts.map((part) => slots[part].release()));
  }

  async function hold(
    name: NetworkName,
    options: HoldOptions = {},
  ): Promise<{ session: Session; done(): Promise<void> }> {
    if (wholeOf(name) === 'unet' && options.form) await takeForm(options.form);
    count(name, 1);
    try {
      await makeRoomFor(name);
      return { session: await slots[name].acquire(options), done: () => letGo(name) };
    } catch (error) {
      await letGo(name);
      throw error;
    }
  }

  return {
    residency,
    precision,
    dialect,
    memory: () =>
      capabilities.deviceTensors && backend.hold
        ? feedMemory((content) => backend.hold!(content))
        : undefined,
    keep(name) {
      kept.add(name);
      return async () => {
        kept.delete(name);
        const idle = partsOf(name).filter((part) => !holders.get(part) && !stays(part));
        await Promise.all(idle.map((part) => slots[part].release()));
      };
    },
    hold,
    async use(name, options, work) {
      const { session, done } = await hold(name, options);
      try {
        return await work(session);
      } finally {
        await done();
      }
    },
    async renew(wholes, options) {
      const names = wholes.flatMap(partsOf);
      const held = names.find((name) => holders.get(name));
      if (held !== undefined) {
        throw new AnimateDiffError('busy', `the ${held} is running; change adapters when it has finished`);
      }
      for (const name of names) {
        const again = slots[name].loaded && stays(name);
        await slots[name].release();
        options.signal?.throwIfAborted();
        if (again) await slots[name].acquire(options);
      }
    },
    async preload(options) {
      // The encoder is only for those who ask for it.
      for (const name of ['text_encoder', 'unet', 'vae_decoder'] as const) {
        if (stays(name)) await slots[name].acquire(options);
      }
    },
    async dispose() {
      await Promise.all(Object.values(slots).map((each) => each.dispose()));
    },
  };
}

/** Networks that come in parts, which stay in memory as long as the first of them is to, and change together. */
const networkParts: readonly (readonly NetworkName[])[] = [
  ['unet', 'unet_shallow'],
  ['vae_decoder', 'vae_decoder_tiles'],
  ['vae_encoder', 'vae_encoder_tiles'],
];

function wholeOf(name: NetworkName): NetworkName {
  return networkParts.find((parts) => parts.includes(name))?.[0] ?? name;
}

function partsOf(name: NetworkName): readonly NetworkName[] {
  return networkParts.find(([whole]) => whole === name) ?? [name];
}
