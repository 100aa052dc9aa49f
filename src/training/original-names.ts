/** What a name of ours has in place of an original one, in the order in which they are replaced. */
const motionParts: readonly (readonly [RegExp, string])[] = [
  [/(motion_modules\.\d+)\./, '$1.temporal_transformer.'],
  [/(transformer_blocks\.\d+)\.norm1\./, '$1.norms.0.'],
  [/(transformer_blocks\.\d+)\.norm2\./, '$1.norms.1.'],
  [/(transformer_blocks\.\d+)\.norm3\./, '$1.ff_norm.'],
  [/\.attn1\./, '.attention_blocks.0.'],
  [/\.attn2\./, '.attention_blocks.1.'],
];

/** The name that guoyww/AnimateDiff's `motion_module.py` gives a tensor of a motion module. */
export function originalMotionName(name: string): string {
  return motionParts.reduce((sum, [ours, theirs]) => sum.replace(ours, theirs), name);
}

/**
 * The names under which guoyww/AnimateDiff stores the two matrices of a low-rank change of an attention's projection,
 * such as `…attn1.processor.to_q_lora.down.weight`.
 * @param weight Name of the weight that is changed, such as `…attn1.to_out.0.weight`.
 */
export function originalLoraNames(weight: string): { readonly up: string; readonly down: string } {
  const original = weight.includes('motion_modules.') ? originalMotionName(weight) : weight;
  const stem = original.replace(/\.(to_[qkv]|to_out)(?:\.0)?\.weight$/, '.processor.$1_lora');
  return { up: `${stem}.up.weight`, down: `${stem}.down.weight` };
}
