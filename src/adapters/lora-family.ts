import { type DeltaFamily, type DeltaShape, elementsFrom, type PartShapes } from './delta-family.js';
import { addProduct, coreProduct } from './matrix-product.js';

/**
 * LoRA (Hu et al. 2021) on linear layers and convolutions: `up · down`, where a k×k convolution's `down` has the kernel
 * and `up` is 1×1. LyCORIS' `lora_mid` puts a k×k core between two 1×1 sides:
 * `ΔW[o, i, k] = Σ_m Σ_n up[o, m] · mid[m, n, k] · down[n, i]`.
 */
export const loraFamily: DeltaFamily = {
  name: 'LoRA',
  measure,
  async add(into, parts, values, factor, pace) {
    const { rows, columns } = measure(parts);
    const mid = parts.shape('mid');
    const rank = parts.need('up')[1]!;
    const sizes = { rows, rank, columns };
    if (!mid) return addProduct(into, sizes, values('up'), values('down'), factor, pace);
    const core = { p: rank, q: mid[1]!, kernel: elementsFrom(mid, 2), inputs: parts.need('down')[1]! };
    const right = await coreProduct(values('mid'), values('down'), core, pace);
    return addProduct(into, sizes, values('up'), right, factor, pace);
  },
};

function measure(parts: PartShapes): DeltaShape {
  const up = parts.need('up');
  const down = parts.need('down');
  const mid = parts.shape('mid');
  if (up.length < 2 || elementsFrom(up, 2) !== 1)
    parts.refuse('must be [out, rank], or that of a 1×1 convolution', 'up');
  if (down.length < 2) parts.refuse('must be [rank, in], or that of a convolution', 'down');
  const rank = down[0]!;
  if (!mid) {
    if (up[1] !== rank) parts.refuse('cannot be multiplied: their ranks differ', 'up', 'down');
    return { rows: up[0]!, columns: elementsFrom(down, 1), rank };
  }
  if (mid.length < 2 || mid[0] !== up[1] || mid[1] !== rank)
    parts.refuse('cannot be multiplied: their ranks differ', 'up', 'mid', 'down');
  if (elementsFrom(down, 2) !== 1) parts.refuse('must be that of a 1×1 convolution beside a core', 'down');
  return { rows: up[0]!, columns: down[1]! * elementsFrom(mid, 2), rank };
}
