import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeGif, encodePng, type Frame } from 'animatediff-js/media';
import { readTrainingClips } from 'animatediff-js/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clips-'));
});
afterEach(() => rm(folder, { recursive: true }));

const frame = (grey: number): Frame => ({ width: 8, height: 8, data: new Uint8ClampedArray(256).fill(grey) });
const opaque = (grey: number): Frame => {
  const made = frame(grey);
  return { ...made, data: made.data.map((value, i) => (i % 4 === 3 ? 255 : value)) };
};

describe('clips of a folder', () => {
  test('are GIFs and folders of pictures in natural order, with the captions beside them', async () => {
    const gif = await encodeGif([opaque(10), opaque(200)], { fps: 8 });
    for (const name of ['clip10', 'clip2']) {
      await writeFile(join(folder, `${name}.gif`), gif);
      await writeFile(join(folder, `${name}.txt`), `caption of ${name}\n`);
    }
    await mkdir(join(folder, 'stills'));
    await writeFile(join(folder, 'stills', '1.png'), await encodePng(opaque(50)));
    await writeFile(join(folder, 'stills.txt'), 'a picture');
    const clips = await readTrainingClips(folder, { width: 16, height: 16 });
    expect(clips.map(({ name, caption, frames }) => [name, caption, frames.length])).toEqual([
      ['clip2.gif', 'caption of clip2', 2],
      ['clip10.gif', 'caption of clip10', 2],
      ['stills', 'a picture', 1],
    ]);
    expect(clips[0]!.frames[0]).toMatchObject({ width: 16, height: 16 });
  });

  test('need a caption, which the error says where to write', async () => {
    await writeFile(join(folder, 'cat.gif'), await encodeGif([opaque(1)], { fps: 8 }));
    await expect(readTrainingClips(folder)).rejects.toThrow(/caption of cat\.gif .*write it to .*cat\.txt/);
  });

  test('are missed in an empty folder', async () => {
    await expect(readTrainingClips(folder)).rejects.toThrow(/holds no clips/);
  });
});
