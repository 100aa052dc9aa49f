import { type ComponentWeights, soleComponent } from './checkpoint-component.js';
import { identifyAs, wrongFile } from './checkpoint-mismatch.js';
import { ignoredCheckpointKeys } from './names/ignored-keys.js';
import { locateVae, vaePart } from './names/locate.js';
import type { WeightStore } from './weight-store.js';

/**
 * The VAE of an opened file, in latent-diffusion, diffusers or old diffusers names.
 * @throws `weights-mismatch` when the file has none, or an incomplete one.
 */
export function vaeComponent(
  store: WeightStore,
  config: Readonly<Record<string, unknown>> | undefined,
): ComponentWeights {
  const identity = identifyAs('vae', store);
  const found = locateVae(new Set(store.entries.keys()));
  if (!found?.layout) throw wrongFile('vae', store, identity);
  const component = soleComponent(store, vaePart(found, found.layout), ignoredCheckpointKeys, config);
  return identity.kind === 'vae' ? component : withoutOtherNetworks(component, found.prefix);
}

/** Of a whole checkpoint only the VAE is asked for: what else it holds is no surprise. */
function withoutOtherNetworks(component: ComponentWeights, prefix: string): ComponentWeights {
  const { used, ignored, unknown } = component.report;
  const others = unknown.filter((key) => !key.startsWith(prefix));
  const reason = 'another part of the checkpoint';
  const report = {
    used,
    ignored: [...ignored, ...others.map((key) => ({ key, reason }))],
    unknown: unknown.filter((key) => key.startsWith(prefix)),
  };
  return { ...component, report };
}
