import { AnimateDiffError } from '../core/errors.js';
import { firstNonFinite } from '../core/finite.js';
import { toFloat32 } from '../weights/convert.js';
import type { WeightStore } from '../weights/weight-store.js';
import type { WeightSource } from './weight-source.js';

/** A file's tensors as a network's weights: converted to float32 and checked to be finite when read. */
export function storeWeights(store: WeightStore): WeightSource {
  return {
    label: store.label,
    names: [...store.entries.keys()],
    shape: (name) => store.entries.get(name)?.shape,
    async read(name, options) {
      const values = toFloat32(await store.read(name, options));
      const bad = firstNonFinite(values);
      if (bad >= 0) {
        throw new AnimateDiffError(
          'numerics',
          `${store.label}: weight '${name}' holds ${values[bad]} at element ${bad}; the file is damaged, or was saved from a run that diverged. Use another copy`,
          { details: { file: store.label, tensor: name, element: bad } },
        );
      }
      return values;
    },
    identity: (options) => store.fingerprint(options),
  };
}
