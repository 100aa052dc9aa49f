import { scaleOf } from '../adapters/adapter-scale.js';
import { scaleAt } from '../adapters/adapter-schedule.js';
import { fusedWeights } from '../adapters/fused-weights.js';
import { type ActiveLive, liveFeeds } from '../adapters/live-feeds.js';
import type { LiveModules } from '../adapters/live-modules.js';
import type { PlacedAdapter } from '../adapters/place-adapter.js';
import type { TextualInversion } from '../adapters/textual-inversion.js';
import type { Feed } from '../backends/backend.js';
import type { Tensor } from '../core/tensor.js';
import type { Warning } from '../core/warnings.js';
import type { ReplacedWeights } from '../models/artifact.js';
import type { LiveWeights } from '../models/live-weights.js';
import type { WeightSource } from '../models/weight-source.js';
import type { FeedMemory } from './feed-memory.js';
import type { OpenedModel } from './opened-model.js';

/** The networks that adapters change. */
export type AdaptedNetwork = 'text_encoder' | 'unet';

/** An adapter of weights in use. */
export interface WeightEntry {
  readonly placed: PlacedAdapter;
  /** What it adds when it runs live; `undefined` for fused adapters. */
  readonly live: LiveModules | undefined;
}

/** All adapters in use at one moment. Immutable. */
export interface AdapterState {
  readonly weights: readonly WeightEntry[];
  readonly inversions: readonly TextualInversion[];
  /** Weights that the networks' graphs let each run change. */
  readonly live: Readonly<Record<AdaptedNetwork, LiveWeights>>;
}

/** No adapters. */
export const noAdapters: AdapterState = {
  weights: [],
  inversions: [],
  live: { text_encoder: new Map(), unet: new Map() },
};

/** What the networks need to know of the adapters in use. */
export interface ActiveAdapters {
  readonly state: AdapterState;
  /** Takes another state; networks that it changes have to be loaded again. */
  use(state: AdapterState): void;
  /** How a network's graph and weights differ from the model's own. */
  changes(network: AdaptedNetwork): {
    readonly replaced: ReplacedWeights | undefined;
    readonly live: LiveWeights;
  };
  /**
   * What a run is fed for the live adapters, as it has been since the memory was last asked if nothing changed. New arrays
   * without a memory.
   * @param progress Share of the denoising that is done, 0 to 1.
   */
  feeds(network: AdaptedNetwork, progress: number, memory?: FeedMemory | undefined): Record<string, Feed>;
  /** Words that stand for learned vectors. */
  inversions(): readonly TextualInversion[];
  /** Closes the adapters' files; reading again opens them again. */
  close(): Promise<void>;
}

/** The adapters of a model, none at first. @param onWarning Told what is found while tensors are merged. */
export function activeAdapters(model: OpenedModel, onWarning: (warning: Warning) => void): ActiveAdapters {
  let state = noAdapters;
  return {
    get state() {
      return state;
    },
    use(next) {
      state = next;
    },
    changes: (network) => ({
      replaced: fusedWeights(
        weightsOf(model, network),
        state.weights.map(({ placed }) => placed),
        onWarning,
      ),
      live: state.live[network],
    }),
    feeds(network, progress, memory) {
      const targets = state.live[network];
      if (targets.size === 0) return {};
      const factors = state.weights.map(({ placed }) => scaleAt(placed.opened.adapter.schedule, progress));
      const make = (): Record<string, Tensor> => {
        const active = state.weights.flatMap(({ placed, live }, index): ActiveLive[] => {
          const scale = (name: string): number =>
            factors[index]! * scaleOf(placed.opened.adapter.scale, name);
          return live ? [{ modules: live, scale }] : [];
        });
        const weights = weightsOf(model, network);
        return liveFeeds(targets, active, (name) => weights.shape(name)!);
      };
      return memory ? memory.keep('live adapters', [state, network, ...factors], make) : make();
    },
    inversions: () => state.inversions,
    async close() {
      await Promise.all(state.weights.map(({ placed }) => placed.opened.close()));
    },
  };
}

/** The weights of a network without adapters. */
export function weightsOf(model: OpenedModel, network: AdaptedNetwork): WeightSource {
  return network === 'unet' ? model.unet.weights : model.textEncoder.weights;
}
