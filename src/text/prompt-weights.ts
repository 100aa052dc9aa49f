import { AnimateDiffError } from '../core/errors.js';
import { longestText } from './clip-tokenizer.js';

/** A stretch of a prompt and how much it counts. */
export interface WeightedText {
  /** As the text encoder reads it: without the brackets, escapes resolved. */
  readonly text: string;
  /** Factor of its embeddings; 1 is as written without brackets. */
  readonly weight: number;
}

/** Weights beyond this make noise of any picture; they are refused, so that none can become infinite. */
const largestWeight = 1000;
const step = 1.1;

// An escape, BREAK as a word, an opening bracket, or a closing one, of which `)` may have a weight before it.
const markPattern =
  /\\[\\()[\]]|(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])|[([\]]|(?::\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*)?\)/gu;

/**
 * Reads a prompt in the syntax of stable-diffusion-webui (its wiki, "Attention/emphasis"): `(text)` counts 1.1 times
 * as much, `[text]` 1/1.1 times, `(text:1.3)` 1.3 times, and brackets inside each other multiply. `\(`, `\)`, `\[`,
 * `\]` and `\\` are the signs themselves. A bracket without its partner is text. Takes time in proportion to the
 * prompt's length, whatever is in it.
 *
 * @returns The prompt's sections, between which `BREAK` stands; stretches of equal weight are one. At least one
 * section, which may be empty.
 * @throws `invalid-options` when the prompt is longer than {@link longestText} or a weight is beyond ±1000.
 */
export function parsePromptWeights(prompt: string): WeightedText[][] {
  if (prompt.length > longestText) {
    throw new AnimateDiffError(
      'invalid-options',
      `prompt: ${prompt.length} characters; at most ${longestText} are accepted`,
    );
  }
  const marks = [...prompt.matchAll(markPattern)];
  const { factors, closers } = pairBrackets(marks);
  const sections = new Sections();
  let end = 0;
  for (const [i, mark] of marks.entries()) {
    const [sign] = mark;
    const factor = factors.get(i);
    sections.add(prompt.slice(end, mark.index));
    if (sign === 'BREAK') sections.begin();
    else if (sign.startsWith('\\')) sections.add(sign.slice(1));
    else if (factor !== undefined) sections.open(sign, factor);
    else if (closers.has(i)) sections.close(sign);
    else sections.add(sign);
    end = mark.index + sign.length;
  }
  sections.add(prompt.slice(end));
  return sections.list;
}

/** Opening marks that have a partner, with their factor, and the partners. */
function pairBrackets(marks: readonly RegExpExecArray[]): {
  factors: Map<number, number>;
  closers: Set<number>;
} {
  const factors = new Map<number, number>();
  const closers = new Set<number>();
  const waiting = { round: [] as number[], square: [] as number[] };
  for (const [i, [sign, weight]] of marks.entries()) {
    if (sign === '(') waiting.round.push(i);
    else if (sign === '[') waiting.square.push(i);
    else if (sign === ']' || (sign.endsWith(')') && !sign.startsWith('\\'))) {
      const opener = (sign === ']' ? waiting.square : waiting.round).pop();
      if (opener === undefined) continue;
      factors.set(opener, weight === undefined ? (sign === ']' ? 1 / step : step) : Number(weight));
      closers.add(i);
    }
  }
  return { factors, closers };
}

/** What has been read. Round and square brackets may cross, so each kind has its own stack of products. */
class Sections {
  readonly list: WeightedText[][] = [[]];
  readonly #round = [1];
  readonly #square = [1];

  begin(): void {
    this.list.push([]);
  }

  open(sign: string, factor: number): void {
    const stack = sign === '(' ? this.#round : this.#square;
    stack.push(stack.at(-1)! * factor);
  }

  close(sign: string): void {
    (sign === ']' ? this.#square : this.#round).pop();
  }

  add(text: string): void {
    if (text === '') return;
    const weight = this.#round.at(-1)! * this.#square.at(-1)!;
    // NaN too: an infinite product of one kind times 0 of the other.
    if (!(Math.abs(weight) <= largestWeight)) {
      throw new AnimateDiffError(
        'invalid-options',
        `prompt: '${text.slice(0, 40)}' has weight ${weight}; weights from -${largestWeight} to ${largestWeight} are accepted, such as (word:1.3)`,
      );
    }
    const section = this.list.at(-1)!;
    const last = section.at(-1);
    if (last?.weight === weight) section[section.length - 1] = { text: last.text + text, weight };
    else section.push({ text, weight });
  }
}
