import type { Background, Colour, Motion, Shape, Size } from './vocabulary.ts';

/** What a caption says. */
export interface Subject {
  readonly size: Size;
  readonly colour: Colour;
  readonly shape: Shape;
  readonly background: Background;
  readonly motion: Motion;
}

/** `a small red circle on a black background, moving right`. */
export function captionOf(subject: Subject): string {
  return `${stillCaptionOf(subject)}, ${subject.motion}`;
}

/** The same without the motion: what a single frame shows. */
export function stillCaptionOf({ size, colour, shape, background }: Omit<Subject, 'motion'>): string {
  return `a ${size === 'medium' ? '' : `${size} `}${colour} ${shape} on a ${background} background`;
}
