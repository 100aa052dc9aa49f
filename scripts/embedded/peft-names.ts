import type { StartValue } from '../../src/training/train-unet.ts';

/** Low-rank matrices under the names that PEFT and diffusers write: `unet.….to_q.lora_A.weight`. */
export function peftNames(values: ReadonlyMap<string, StartValue>): ReadonlyMap<string, StartValue> {
  return new Map([...values].map(([name, value]) => [peftName(name), value]));
}

function peftName(name: string): string {
  return `unet.${name
    .replace('.processor.', '.')
    .replace('to_out_lora', 'to_out.0')
    .replace(/_lora\b/, '')
    .replace('.down.weight', '.lora_A.weight')
    .replace('.up.weight', '.lora_B.weight')}`;
}
