/** What the built-in model was taught. */
const known = {
  colors: ['red', 'green', 'blue', 'yellow', 'purple', 'orange', 'cyan', 'pink'],
  shapes: ['circle', 'square', 'triangle', 'star', 'ring', 'cross'],
  backgrounds: ['black', 'white', 'gray', 'navy'],
  motions: ['moving left', 'moving right', 'moving up', 'moving down', 'growing', 'shrinking', 'spinning'],
} as const;

const scenes: readonly string[] = [
  'a lighthouse in a storm, waves breaking on the rocks, oil painting',
  'a paper boat drifting down a rainy street, close-up',
  'a fox running through snow, golden hour, film grain',
  'steam rising from a cup of tea by a window, rain outside',
  'a field of poppies in the wind, watercolour',
  'northern lights over a frozen lake, long exposure',
  'a goldfish swimming in a glass bowl, soft morning light',
  'a steam train crossing a stone bridge, autumn, aerial view',
];

/** A prompt that the model can do something with. */
export function surprise(builtIn: boolean): string {
  if (!builtIn) return pick(scenes);
  const { colors, shapes, backgrounds, motions } = known;
  return `a ${pick(colors)} ${pick(shapes)} on a ${pick(backgrounds)} background, ${pick(motions)}`;
}

function pick<T>(from: readonly T[]): T {
  return from[Math.floor(Math.random() * from.length)]!;
}
