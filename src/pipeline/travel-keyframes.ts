import type { OptionIssue } from '../core/check-options.js';
import { AnimateDiffError } from '../core/errors.js';
import type { PromptKeyframe, PromptTravel, TravelFrame, TravelPrompt } from './travel-options.js';

/** A keyframe at a frame that exists. */
export interface ResolvedKeyframe {
  /** 0 to the number of frames − 1. */
  readonly frame: number;
  /** With the text before and after it. */
  readonly prompt: string;
}

/** Whose keyframes they are, and what surrounds them. */
export interface TravelKeyframesOptions extends Pick<PromptTravel, 'prepend' | 'append'> {
  /** For errors: the option's name. Default `prompt`. */
  name?: string | undefined;
}

/**
 * The keyframes of a prompt in order; text alone is one keyframe at frame 0.
 * @param numFrames Frames of the animation, at least 1.
 * @throws `invalid-options` that lists every key that is no frame of the animation or stands for the same one as
 * another, and every prompt that is no text; or when there is no keyframe.
 */
export function travelKeyframes(
  prompt: TravelPrompt,
  numFrames: number,
  { name = 'prompt', prepend = '', append = '' }: TravelKeyframesOptions = {},
): ResolvedKeyframe[] {
  const entries = entriesOf(prompt);
  if (entries === undefined || entries.length === 0) {
    const expected = "expected text, or at least one keyframe such as { 0: 'a cat' }";
    throw new AnimateDiffError('invalid-options', `${name}: ${expected}`);
  }
  const issues: OptionIssue[] = [];
  const byFrame = new Map<number, PromptKeyframe>();
  for (const [i, entry] of entries.entries()) {
    const path = `${name}.${Array.isArray(prompt) ? i : String(entry?.frame)}`;
    const frame = frameOf(entry?.frame, numFrames);
    if (typeof frame === 'string') issues.push({ path, message: frame });
    else if (typeof entry.prompt !== 'string') issues.push({ path, message: 'expected the prompt as text' });
    else if (byFrame.has(frame)) {
      const message = `is frame ${frame}, like '${byFrame.get(frame)!.frame}'; give each frame one prompt`;
      issues.push({ path, message });
    } else byFrame.set(frame, entry);
  }
  if (issues.length > 0) {
    const list = issues.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new AnimateDiffError('invalid-options', list, { details: { issues } });
  }
  return [...byFrame]
    .sort(([a], [b]) => a - b)
    .map(([frame, keyframe]) => ({ frame, prompt: joined([prepend, keyframe.prompt, append]) }));
}

function entriesOf(prompt: TravelPrompt): readonly PromptKeyframe[] | undefined {
  if (typeof prompt === 'string') return [{ frame: 0, prompt }];
  if (Array.isArray(prompt)) return prompt;
  if (typeof prompt !== 'object' || prompt === null) return undefined;
  return Object.entries(prompt).map(([frame, text]) => ({ frame, prompt: text }));
}

const sharePattern = /^(\d+\.\d*|\.\d+|\d+(?=%))(%?)$/;
const wholePattern = /^[+-]?\d+$/;

/** The frame that a key stands for, or what is wrong with it. */
function frameOf(key: TravelFrame | undefined, numFrames: number): number | string {
  const last = numFrames - 1;
  const text = typeof key === 'number' || typeof key === 'string' ? String(key).trim() : '';
  const [, digits, percent] = (typeof key === 'string' && sharePattern.exec(text)) || [];
  if (digits !== undefined) {
    const share = percent ? Number(digits) / 100 : Number(digits);
    if (share <= 1) return Math.round(share * last);
    return 'is beyond the last frame; expected 0.0 to 1.0, or 0% to 100%';
  }
  if (!wholePattern.test(text)) {
    return `expected a whole number, or a share of the animation as text, such as '0.5' or '50%', got ${String(key)}`;
  }
  const whole = Number(text);
  if (whole > last || whole < -numFrames) {
    return `the animation has frames 0 to ${last} (-1 to -${numFrames} from the end), got ${text}`;
  }
  return whole < 0 ? whole + numFrames : Math.abs(whole);
}

/** Texts with one comma between them, also where they bring their own; a text alone stays as it is. */
function joined(texts: readonly [string, string, string]): string {
  const written = texts.filter((text) => inner(text, true, true) !== '');
  if (written.length < 2) return written[0] ?? texts[1];
  return written.map((text, i) => inner(text, i > 0, i < written.length - 1)).join(', ');
}

/** A text without commas and white space at its ends. */
function inner(text: string, atStart: boolean, atEnd: boolean): string {
  let [start, end] = [0, text.length];
  if (atStart) while (start < end && isJoint(text[start]!)) start++;
  if (atEnd) while (end > start && isJoint(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function isJoint(sign: string): boolean {
  return sign === ',' || sign.trim() === '';
}
