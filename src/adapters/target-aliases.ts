/** What stands in front of a diffusers path of the UNet. */
const unetPrefixes = ['', 'unet.', 'base_model.model.', 'base_model.model.unet.'];
/** What stands in front of a latent-diffusion path. */
const ldmPrefixes = ['', 'diffusion_model.', 'model.diffusion_model.'];
/** What stands in front of a path of the text encoder, which starts with `text_model.`. */
const textPrefixes = [
  '',
  'text_encoder.',
  'te.',
  'te1.',
  'base_model.model.',
  'clip_l.transformer.',
  'text_encoders.clip_l.transformer.',
];

/** Every name of an image layer. */
export function unetAliases(path: string, ldmPaths: readonly string[]): string[] {
  return [
    ...dotted(unetPrefixes, [path]),
    ...dotted(ldmPrefixes, ldmPaths),
    ...[path, ...ldmPaths].flatMap((own) => withShortOutput(own).map(kohya('lora_unet_'))),
  ];
}

/** Every name of a motion layer: the original code's and diffusers', both with all of the UNet's prefixes. */
export function motionAliases(path: string, originals: readonly string[]): string[] {
  const paths = [path, ...originals];
  return [
    ...dotted(['', 'unet.', 'base_model.model.', 'diffusion_model.', 'motion_module.'], paths),
    ...paths.flatMap((own) => withShortOutput(own).map(kohya('lora_unet_'))),
  ];
}

/** Every name of a layer of the text encoder. */
export function textAliases(path: string): string[] {
  // transformers from 5.6 on may leave `text_model.` out.
  const paths = [path, path.replace(/^text_model\./, '')].flatMap(withAttentionNames);
  return [
    ...paths.flatMap((own) => textPrefixes.map((prefix) => prefix + own)),
    ...paths.flatMap((own) => ['lora_te_', 'lora_te1_'].map((prefix) => kohya(prefix)(own))),
  ];
}

function dotted(prefixes: readonly string[], paths: readonly string[]): string[] {
  const all = paths.flatMap((path) => [...withShortOutput(path), ...asProcessor(path)]);
  return prefixes.flatMap((prefix) => all.map((path) => prefix + path));
}

/** Some tools call the output projection `to_out`: its dropout, `to_out.1`, has no weights. */
function withShortOutput(path: string): string[] {
  return path.endsWith('.to_out.0') ? [path, path.slice(0, -'.0'.length)] : [path];
}

/** Early diffusers kept LoRAs in the attention's processor: `attn1.to_q` is `attn1.processor.to_q` there. */
function asProcessor(path: string): string[] {
  const found = /^(.*)\.(to_q|to_k|to_v|to_out)(\.0)?$/.exec(path);
  return found ? [`${found[1]}.processor.${found[2]}`] : [];
}

/** Early diffusers called the text encoder's projections as it called the UNet's. */
function withAttentionNames(path: string): string[] {
  const found = /^(.*\.self_attn)\.(q|k|v|out)_proj$/.exec(path);
  return found ? [path, `${found[1]}.to_${found[2]}`] : [path];
}

/** kohya's names are a module's path with underscores for dots: what was a dot can only be told by looking it up. */
function kohya(prefix: string): (path: string) => string {
  return (path) => prefix + path.replaceAll('.', '_');
}
