/** What the model's captions can name. */

export const colours = {
  red: [224, 36, 36],
  green: [36, 170, 60],
  blue: [40, 84, 236],
  yellow: [244, 224, 44],
  purple: [132, 44, 176],
  orange: [250, 138, 20],
  cyan: [48, 212, 224],
  pink: [252, 150, 200],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;

export const backgrounds = {
  black: [4, 4, 4],
  white: [250, 250, 250],
  gray: [128, 128, 128],
  navy: [16, 22, 84],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;

export const shapes = ['circle', 'square', 'triangle', 'star', 'ring', 'cross'] as const;

export const motions = [
  'moving left',
  'moving right',
  'moving up',
  'moving down',
  'growing',
  'shrinking',
  'spinning',
  'standing still',
] as const;

/** Radii in pixels of a 64×64 picture; a caption without a size means the middle one. */
export const radii = { small: 13, medium: 16, large: 20 } as const;

export type Colour = keyof typeof colours;
export type Background = keyof typeof backgrounds;
export type Shape = (typeof shapes)[number];
export type Motion = (typeof motions)[number];
export type Size = keyof typeof radii;

export const colourNames = Object.keys(colours) as Colour[];
export const backgroundNames = Object.keys(backgrounds) as Background[];
export const sizeNames = Object.keys(radii) as Size[];
