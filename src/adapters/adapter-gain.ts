import { AnimateDiffError } from '../core/errors.js';
import type { ReadOptions } from '../core/source.js';
import type { Warning } from '../core/warnings.js';
import { quoted } from './adapter-errors.js';
import type { AdapterModule } from './adapter-module.js';
import type { OpenedAdapter } from './open-adapter.js';

/** Options of everything that reads an adapter's tensors. */
export interface AdapterReadOptions extends ReadOptions {
  /** Told what is found in the tensors. */
  onWarning?: ((warning: Warning) => void) | undefined;
}

/** AnimateLCM's loader multiplies by an eighth, alpha 8 and rank 64, whatever the file says. */
const animateLcm = { rank: 64, gain: 1 / 8 };

/**
 * What a module's product is multiplied with at scale 1: `alpha / rank`, or 1 where the file has no alpha, as for
 * MotionLoRAs, domain adapters and early diffusers LoRAs.
 * @throws `numerics` when alpha is NaN or infinite, naming its key.
 */
export async function gainOf(
  { tensors, peft, distillation, label }: OpenedAdapter,
  { keys, delta, target }: AdapterModule,
  { signal, onWarning }: AdapterReadOptions = {},
): Promise<number> {
  const scalar = async (key: string): Promise<number> => (await tensors.read(key, { signal }))[0]!;
  const gain = keys.get('gain');
  if (gain !== undefined) return scalar(gain);
  const rank = delta?.rank;
  if (rank === undefined) return 1;
  const key = keys.get('alpha');
  if (key === undefined) {
    const told = peft?.gain(target, rank);
    return told ?? (distillation === 'animatelcm' && rank === animateLcm.rank ? animateLcm.gain : 1);
  }
  const alpha = await scalar(key);
  if (alpha !== 0) return checked(alpha / rank, label, key);
  // kohya takes the rank then; a factor of 0 would make the module pointless.
  onWarning?.({
    code: 'adapter-alpha-zero',
    message: `${label}: ${quoted(key)} is 0; it is taken to equal the rank, ${rank}, as kohya's tools do`,
  });
  return 1;
}

function checked(gain: number, file: string, key: string): number {
  if (Number.isFinite(gain)) return gain;
  throw new AnimateDiffError('numerics', `${file}: ${quoted(key)} is not finite`, {
    details: { file, tensor: key },
  });
}
