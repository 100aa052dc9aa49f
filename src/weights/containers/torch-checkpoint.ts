import type { ByteSource, ReadOptions } from '../../core/source.js';
import type { WeightStore } from '../weight-store.js';
import { containerError } from './container-error.js';
import { sniffContainer } from './sniff.js';
import { openTorchLegacy } from './torch-legacy.js';
import { openTorchZip } from './torch-zip.js';

/**
 * Opens what `torch.save` wrote (`.ckpt`, `.pt`, `.pth`, `.bin`), of any version from 0.1.11 on. The pickle in it is
 * interpreted, never executed: names stand for nothing but what a table here says.
 *
 * The store's names are those of the state dict, without wrappers and without a common `module.` prefix; copies that
 * training keeps (`model_ema.…`) stay. Its metadata are the texts and numbers beside the weights.
 * @throws `weights-format` for all that is broken, dangerous or not a checkpoint.
 */
export async function openTorchCheckpoint(
  source: ByteSource,
  options: ReadOptions = {},
): Promise<WeightStore> {
  const { kind } = await sniffContainer(source, options);
  if (kind === 'torch-zip') return openTorchZip(source, options);
  if (kind === 'torch-legacy') return openTorchLegacy(source, options);
  throw containerError(source.name, 'is a safetensors file, not a torch checkpoint');
}
