import type { Shape } from './vocabulary.ts';

/**
 * Signed distance in pixels from a point to a shape's outline, negative inside: for antialiased drawing (formulas after
 * Inigo Quilez, "2D distance functions").
 * @param x To the right of the shape's centre.
 * @param y Below it.
 * @param r The shape's radius.
 */
export function shapeDistance(shape: Shape, x: number, y: number, r: number): number {
  switch (shape) {
    case 'circle':
      return Math.hypot(x, y) - r;
    case 'ring':
      return Math.abs(Math.hypot(x, y) - 0.74 * r) - 0.26 * r;
    case 'square':
      return box(x, y, 0.84 * r, 0.84 * r);
    case 'cross':
      return Math.min(box(x, y, r, 0.32 * r), box(x, y, 0.32 * r, r));
    case 'triangle':
      return polygon(triangle, x, y, 1.15 * r);
    case 'star':
      return polygon(star, x, y, 1.15 * r);
  }
}

function box(x: number, y: number, halfWidth: number, halfHeight: number): number {
  const [dx, dy] = [Math.abs(x) - halfWidth, Math.abs(y) - halfHeight];
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0);
}

type Points = readonly (readonly [number, number])[];

const corner = (share: number, radius: number): readonly [number, number] => [
  radius * Math.sin(2 * Math.PI * share),
  -radius * Math.cos(2 * Math.PI * share),
];
const triangle: Points = [0, 1, 2].map((k) => corner(k / 3, 1));
const star: Points = Array.from({ length: 10 }, (_, k) => corner(k / 10, k % 2 === 0 ? 1 : 0.42));

function polygon(points: Points, px: number, py: number, r: number): number {
  const [x, y] = [px / r, py / r];
  let nearest = Number.POSITIVE_INFINITY;
  let inside = false;
  points.forEach(([ax, ay], i) => {
    const [bx, by] = points[(i + points.length - 1) % points.length]!;
    const [ex, ey, wx, wy] = [bx - ax, by - ay, x - ax, y - ay];
    const along = Math.min(1, Math.max(0, (wx * ex + wy * ey) / (ex * ex + ey * ey)));
    nearest = Math.min(nearest, (wx - ex * along) ** 2 + (wy - ey * along) ** 2);
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  });
  return Math.sqrt(nearest) * r * (inside ? -1 : 1);
}
