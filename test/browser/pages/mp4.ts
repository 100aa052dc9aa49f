import { AnimateDiffError } from 'animatediff-js';
import { encoderForPath, type Frame, framesFromVideo } from 'animatediff-js/media';
import { encodeMp4, type Mp4Options, mp4Encoder } from 'animatediff-js/web';
import { BufferSource, Input, MP4, VideoSampleSink } from 'mediabunny';

/** What a browser finds in an MP4 that was written. */
export interface Decoded {
  readonly codec: string | null;
  readonly width: number;
  readonly height: number;
  readonly timestamps: readonly number[];
  readonly duration: number;
  /** The first pixel of each frame. */
  readonly firstPixels: readonly (readonly number[])[];
  /** The first characters, in which names of boxes can be read. */
  readonly boxes: string;
}

/** Frames of flat colours, one each. */
export function flatFrames(colours: readonly (readonly number[])[], width: number, height: number): Frame[] {
  return colours.map((colour) => {
    const data = new Uint8ClampedArray(width * height * 4);
    for (let at = 0; at < data.length; at += 4) data.set(colour, at);
    return { width, height, data };
  });
}

export async function encodeAndDecode(
  colours: readonly (readonly number[])[],
  size: readonly [number, number],
  options: Mp4Options,
): Promise<Decoded> {
  const bytes = await encodeMp4(flatFrames(colours, ...size), options);
  using input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
  const track = (await input.getPrimaryVideoTrack())!;
  const timestamps: number[] = [];
  const firstPixels: number[][] = [];
  const canvas = new OffscreenCanvas(track.codedWidth, track.codedHeight);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  for await (const sample of new VideoSampleSink(track).samples()) {
    timestamps.push(sample.timestamp);
    sample.draw(context, 0, 0);
    firstPixels.push([...context.getImageData(0, 0, 1, 1).data.slice(0, 3)]);
    sample.close();
  }
  return {
    codec: track.codec,
    width: track.codedWidth,
    height: track.codedHeight,
    timestamps,
    duration: await track.computeDuration(),
    firstPixels,
    boxes: String.fromCharCode(...bytes.slice(0, 4000)),
  };
}

/** How many frames a `<video>` plays, sought one by one. */
export async function playedFrames(
  count: number,
  fps: number,
): Promise<{ frames: number; duration: number }> {
  const colours = Array.from({ length: count }, (_, at) => [20 * at, 100, 200, 255]);
  const bytes = await encoderForPath('a.mp4', [mp4Encoder]).encode(flatFrames(colours, 64, 64), { fps });
  const video = document.createElement('video');
  video.muted = true;
  video.src = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'video/mp4' }));
  const frames = await framesFromVideo(video, { fps });
  return { frames: frames.length, duration: video.duration };
}

/** Why an encoding fails. */
export async function failure(
  frames: readonly Frame[],
  options: Mp4Options & { readonly abortAt?: number },
): Promise<{ code: string; message: string }> {
  const { abortAt, ...rest } = options;
  const controller = new AbortController();
  const onProgress = ({ done }: { done: number }): void => {
    if (done === abortAt) controller.abort(new Error('enough'));
  };
  try {
    await encodeMp4(frames, { ...rest, signal: controller.signal, onProgress });
    return { code: 'none', message: '' };
  } catch (error) {
    const { message } = error as Error;
    return { code: AnimateDiffError.isInstance(error) ? error.code : 'other', message };
  }
}

export function failureOfFlat(
  count: number,
  options: Mp4Options & { readonly abortAt?: number },
): Promise<{ code: string; message: string }> {
  return failure(flatFrames(Array(count).fill([9, 9, 9, 255]), 64, 64), options);
}
