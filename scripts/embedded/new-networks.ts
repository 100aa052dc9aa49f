import { textSizes, unetSizes, vaeSizes } from './network-sizes.ts';
import { type NewWeights, newWeights } from './new-weights.ts';

/** Residual block; `time` is the width of the time embedding, if it has one. */
function resnet(w: NewWeights, name: string, inSize: number, out: number, time?: number): void {
  w.norm(`${name}.norm1`, inSize);
  w.conv(`${name}.conv1`, out, inSize);
  if (time) w.linear(`${name}.time_emb_proj`, out, time);
  w.norm(`${name}.norm2`, out);
  w.conv(`${name}.conv2`, out, out);
  // What it adds begins as nothing: deep networks of such blocks learn much sooner.
  w.zero(`${name}.conv2`);
  if (inSize !== out) w.conv(`${name}.conv_shortcut`, out, inSize, 1);
}

/** A VAE from nothing, under diffusers' names. */
export function newVae(seed: number): NewWeights {
  const w = newWeights(seed, 1);
  const { blockOutChannels: widths, layersPerBlock, latentChannels } = vaeSizes;
  const top = widths.at(-1)!;
  const middle = (side: string): void => {
    resnet(w, `${side}.mid_block.resnets.0`, top, top);
    const attention = `${side}.mid_block.attentions.0`;
    w.norm(`${attention}.group_norm`, top);
    for (const part of ['to_q', 'to_k', 'to_v', 'to_out.0']) w.linear(`${attention}.${part}`, top, top);
    w.zero(`${attention}.to_out.0`);
    resnet(w, `${side}.mid_block.resnets.1`, top, top);
  };
  let inSize = widths[0]!;
  w.conv('encoder.conv_in', inSize, 3);
  widths.forEach((out, level) => {
    const block = `encoder.down_blocks.${level}`;
    for (let i = 0; i < layersPerBlock; i++) resnet(w, `${block}.resnets.${i}`, i ? out : inSize, out);
    if (level < widths.length - 1) w.conv(`${block}.downsamplers.0.conv`, out, out);
    inSize = out;
  });
  middle('encoder');
  w.norm('encoder.conv_norm_out', top);
  w.conv('encoder.conv_out', 2 * latentChannels, top);
  w.conv('quant_conv', 2 * latentChannels, 2 * latentChannels, 1);
  // Little is drawn at first, so that what the latents say is not lost in it.
  w.values.get('quant_conv.bias')!.values.fill(-5, latentChannels);
  w.conv('post_quant_conv', latentChannels, latentChannels, 1);
  w.conv('decoder.conv_in', top, latentChannels);
  middle('decoder');
  widths.toReversed().forEach((out, level) => {
    const block = `decoder.up_blocks.${level}`;
    for (let i = 0; i <= layersPerBlock; i++) resnet(w, `${block}.resnets.${i}`, i ? out : inSize, out);
    if (level < widths.length - 1) w.conv(`${block}.upsamplers.0.conv`, out, out);
    inSize = out;
  });
  w.norm('decoder.conv_norm_out', inSize);
  w.conv('decoder.conv_out', 3, inSize);
  return w;
}

/** A text encoder from nothing, under transformers' names. */
export function newTextEncoder(seed: number): NewWeights {
  const w = newWeights(seed);
  const { hiddenSize, intermediateSize, numHiddenLayers, vocabSize, maxPositionEmbeddings } = textSizes;
  w.table('text_model.embeddings.token_embedding', vocabSize, hiddenSize, 0.5);
  w.table('text_model.embeddings.position_embedding', maxPositionEmbeddings, hiddenSize, 0.1);
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const path = `text_model.encoder.layers.${layer}`;
    for (const part of ['k_proj', 'v_proj', 'q_proj', 'out_proj']) {
      w.linear(`${path}.self_attn.${part}`, hiddenSize, hiddenSize);
    }
    w.norm(`${path}.layer_norm1`, hiddenSize);
    w.linear(`${path}.mlp.fc1`, intermediateSize, hiddenSize);
    w.linear(`${path}.mlp.fc2`, hiddenSize, intermediateSize);
    w.norm(`${path}.layer_norm2`, hiddenSize);
  }
  w.norm('text_model.final_layer_norm', hiddenSize);
  return w;
}

/** An image UNet from nothing, under diffusers' names. */
export function newUnet(seed: number): NewWeights {
  const w = newWeights(seed);
  const { channels: widths, layers, context } = unetSizes;
  const [first] = widths;
  const time = 4 * first;
  const transformer = (name: string, size: number): void => {
    w.norm(`${name}.norm`, size);
    w.conv(`${name}.proj_in`, size, size, 1);
    const block = `${name}.transformer_blocks.0`;
    for (const [attention, from] of [
      ['attn1', size],
      ['attn2', context],
    ] as const) {
      w.linear(`${block}.${attention}.to_q`, size, size, false);
      w.linear(`${block}.${attention}.to_k`, size, from, false);
      w.linear(`${block}.${attention}.to_v`, size, from, false);
      w.linear(`${block}.${attention}.to_out.0`, size, size);
    }
    for (const norm of ['norm1', 'norm2', 'norm3']) w.norm(`${block}.${norm}`, size);
    w.linear(`${block}.ff.net.0.proj`, 8 * size, size);
    w.linear(`${block}.ff.net.2`, size, 4 * size);
    w.conv(`${name}.proj_out`, size, size, 1);
    w.zero(`${name}.proj_out`);
  };
  w.conv('conv_in', first, vaeSizes.latentChannels);
  w.linear('time_embedding.linear_1', time, first);
  w.linear('time_embedding.linear_2', time, time);
  const skips: number[] = [first];
  let inSize: number = first;
  widths.forEach((out, level) => {
    const block = `down_blocks.${level}`;
    for (let i = 0; i < layers; i++) {
      resnet(w, `${block}.resnets.${i}`, inSize, out, time);
      transformer(`${block}.attentions.${i}`, out);
      inSize = out;
      skips.push(out);
    }
    if (level === widths.length - 1) return;
    w.conv(`${block}.downsamplers.0.conv`, out, out);
    skips.push(out);
  });
  resnet(w, 'mid_block.resnets.0', inSize, inSize, time);
  transformer('mid_block.attentions.0', inSize);
  resnet(w, 'mid_block.resnets.1', inSize, inSize, time);
  widths.toReversed().forEach((out, level) => {
    const block = `up_blocks.${level}`;
    for (let i = 0; i <= layers; i++) {
      resnet(w, `${block}.resnets.${i}`, inSize + skips.pop()!, out, time);
      transformer(`${block}.attentions.${i}`, out);
      inSize = out;
    }
    if (level < widths.length - 1) w.conv(`${block}.upsamplers.0.conv`, out, out);
  });
  w.norm('conv_norm_out', first);
  w.conv('conv_out', vaeSizes.latentChannels, first);
  w.zero('conv_out');
  return w;
}
