/**
 * How a prompt changes into the next: `linear` mixes their embeddings, `spherical` turns the one token's embedding
 * into the other's (Shoemake 1985).
 */
export type TravelInterpolation = 'linear' | 'spherical';

/**
 * Which frame a keyframe is at:
 * - a whole number, as a number or as text: a frame from the start (`0`, `16`), negative from the end (`-1` is the last);
 * - text with a decimal point, `'0.5'`, or a percent sign, `'50%'`: a share of the way from the first frame to the last,
 *   rounded to a frame. `'1.0'` is the last frame, while `1` and `'1'` are the second one.
 *
 * Keys of an object are always text, and JavaScript writes `{ 1.0: … }` as `'1'`: put such keys in quotes.
 */
export type TravelFrame = number | string;

/** What to show from a frame on. */
export interface PromptKeyframe {
  /** See {@link TravelFrame}. */
  frame: TravelFrame;
  /** The prompt there. */
  prompt: string;
}

/** One prompt for all frames, or prompts by frame: `{ 0: 'spring', 16: 'autumn' }`, or a list. */
export type TravelPrompt = string | Readonly<Record<TravelFrame, string>> | readonly PromptKeyframe[];

/** What a travel does between keyframes and around them. */
export interface PromptTravel {
  /** See {@link TravelInterpolation}. Default `linear`. */
  interpolation?: TravelInterpolation | undefined;
  /**
   * After the last keyframe, change back into the first one, so that the end of the animation meets its start. Default
   * `false`: frames before the first keyframe and after the last one keep its prompt.
   */
  loop?: boolean | undefined;
  /** Text before every keyframe's prompt, with `, ` between them. Not for negative prompts. Default none. */
  prepend?: string | undefined;
  /** Text after every keyframe's prompt, with `, ` between them. Not for negative prompts. Default none. */
  append?: string | undefined;
}
