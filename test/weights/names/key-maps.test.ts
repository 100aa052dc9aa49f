import { describe, expect, it } from 'vitest';
import { singleFileCheckpoint } from '../../../src/weights/checkpoint-single-file.js';
import { motionModule } from '../../../src/weights/motion-module.js';
import { vaeFile } from '../../../src/weights/vae.js';
import { fixtureShapes, headerStore, moved, type Shapes, shapesOf, sortedShapes } from './header-store.js';
import { originalMotionModule } from './motion-names.js';

const singleFile = fixtureShapes('sd15-single-file');
const unet = fixtureShapes('sd15-unet');
const vae = fixtureShapes('sd15-vae');
const textEncoder = fixtureShapes('sd15-text-encoder');
const motionV2 = fixtureShapes('motion-v2');

const without = (shapes: Shapes, part: string): Shapes =>
  Object.fromEntries(Object.entries(shapes).filter(([name]) => !name.includes(part)));

describe('every tensor of Stable Diffusion 1.5 has one canonical name', () => {
  it('maps the 1131 tensors of a single file onto the three networks, name by name and shape by shape', async () => {
    const checkpoint = await singleFileCheckpoint(headerStore(singleFile));
    expect(shapesOf(checkpoint.unet.store)).toEqual(sortedShapes(unet));
    expect(shapesOf(checkpoint.vae!.store)).toEqual(sortedShapes(vae));
    expect(shapesOf(checkpoint.textEncoder!.store)).toEqual(
      sortedShapes(moved(textEncoder, '', 'text_model.')),
    );
  });

  it('uses every tensor once and ignores position_ids, with a reason', async () => {
    const { unet, vae, textEncoder, leftovers, warnings } = await singleFileCheckpoint(
      headerStore(singleFile),
    );
    const reports = [unet.report, vae!.report, textEncoder!.report, leftovers];
    const used = reports.flatMap((report) => report.used.map(([from]) => from));
    const ignored = reports.flatMap((report) => report.ignored);
    expect(new Set(used).size).toBe(686 + 248 + 196);
    expect(used).toHaveLength(686 + 248 + 196);
    expect(ignored.map(({ key }) => key)).toEqual([
      'cond_stage_model.transformer.text_model.embeddings.position_ids',
    ]);
    expect(warnings).toEqual([]);
  });

  it('leaves canonical names as they are', async () => {
    const file = {
      ...moved(unet, '', 'unet.'),
      ...moved(vae, '', 'vae.'),
      ...moved(textEncoder, '', 'text_encoder.'),
    };
    const checkpoint = await singleFileCheckpoint(headerStore(file));
    expect(shapesOf(checkpoint.unet.store)).toEqual(sortedShapes(unet));
    expect(shapesOf(checkpoint.vae!.store)).toEqual(sortedShapes(vae));
    expect(shapesOf(checkpoint.textEncoder!.store)).toEqual(
      sortedShapes(moved(textEncoder, '', 'text_model.')),
    );
  });
});

describe('the spellings that files in the field use', () => {
  it('takes a text encoder without text_model.', async () => {
    const file = {
      ...without(singleFile, 'cond_stage_model.'),
      ...moved(textEncoder, '', 'cond_stage_model.transformer.'),
    };
    const checkpoint = await singleFileCheckpoint(headerStore(file));
    expect(shapesOf(checkpoint.textEncoder!.store)).toEqual(
      sortedShapes(moved(textEncoder, '', 'text_model.')),
    );
  });

  it.each(['first_stage_model.', 'vae.', ''])("takes a VAE below '%s'", (prefix) => {
    const file = moved(singleFile, 'first_stage_model.', prefix);
    expect(shapesOf(vaeFile(headerStore(file), undefined).store)).toEqual(sortedShapes(vae));
  });

  it("takes the attention names of diffusers' old VAE folders", () => {
    const old = Object.fromEntries(
      Object.entries(vae).map(([name, shape]) => [
        name
          .replace('.to_q.', '.query.')
          .replace('.to_k.', '.key.')
          .replace('.to_v.', '.value.')
          .replace('.to_out.0.', '.proj_attn.'),
        shape,
      ]),
    );
    expect(shapesOf(vaeFile(headerStore(old), undefined).store)).toEqual(sortedShapes(vae));
  });

  it('takes linear layers where convolutions are usual, and the reverse', async () => {
    const file = Object.fromEntries(
      Object.entries(singleFile).map(([name, shape]) => {
        if (/\.proj_(in|out)\.weight$/.test(name) && name.includes('diffusion_model'))
          return [name, shape.slice(0, 2)];
        if (/attn1\.to_q\.weight$/.test(name)) return [name, [...shape, 1, 1]];
        return [name, shape];
      }),
    );
    const checkpoint = await singleFileCheckpoint(headerStore(file));
    expect(shapesOf(checkpoint.unet.store)).toEqual(sortedShapes(unet));
  });
});

describe('motion modules', () => {
  it("maps v2's original names onto MotionAdapter's, with one position table per module", () => {
    const original = originalMotionModule({ positions: 32, midBlock: true });
    expect(Object.keys(original)).toHaveLength(588);
    const module = motionModule(headerStore(original), undefined, 'mm_sd_v15_v2.ckpt');
    expect(shapesOf(module.store)).toEqual(sortedShapes(motionV2));
    expect(module.report.ignored).toHaveLength(21);
    expect(module.report.ignored.every(({ key }) => key.endsWith('attention_blocks.1.pos_encoder.pe'))).toBe(
      true,
    );
    expect(module.warnings).toEqual([]);
  });

  it("leaves MotionAdapter's names as they are", () => {
    const module = motionModule(headerStore(motionV2), undefined, 'adapter');
    expect(shapesOf(module.store)).toEqual(sortedShapes(motionV2));
    expect(module.report.ignored).toEqual([]);
  });
});
