import { describe, expect, test } from 'vitest';
import { firstNonFinite } from '../../src/core/finite.js';
import { float8ToFloat32 } from '../../src/core/float8.js';
import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from '../../src/core/half.js';

/** IEEE 754 binary16 by its definition. */
function halfByDefinition(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

const everyHalf = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe('float16', () => {
  test('widens every one of the 65536 bit patterns exactly', () => {
    const widened = float16ToFloat32(everyHalf);
    for (const bits of everyHalf)
      expect(Object.is(widened[bits], halfByDefinition(bits)), `bits ${bits}`).toBe(true);
  });

  test('every half survives the way to float32 and back, bit by bit', () => {
    expect(float32ToFloat16(float16ToFloat32(everyHalf))).toEqual(
      everyHalf.map((bits) => ((bits & 0x7fff) > 0x7c00 ? bits | 0x200 : bits)),
    );
  });

  test('narrows to the nearest half, ties to even', () => {
    const cases: [number, number][] = [
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10],
      [65504, 65504],
      [65519.996, 65504],
      [65520, Infinity],
      [-1e30, -Infinity],
      [2 ** -24, 2 ** -24],
      [2 ** -25, 0],
      [2 ** -25 * 1.0001, 2 ** -24],
      [2 ** -24 * 1.5, 2 ** -23],
      [2 ** -24 * 2.5, 2 ** -23],
      [2 ** -14 - 2 ** -26, 2 ** -14],
      [-(2 ** -149), -0],
      [Number.NaN, Number.NaN],
    ];
    const narrowed = float16ToFloat32(float32ToFloat16(Float32Array.from(cases, ([value]) => value)));
    expect([...narrowed]).toEqual(cases.map(([, half]) => half));
  });

  test('no half is nearer than the one chosen, over all magnitudes', () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state;
    };
    const values = new Float32Array(Uint32Array.from({ length: 20000 }, random).buffer).filter(
      (value) => Math.abs(value) < 65504,
    );
    const bits = float32ToFloat16(values);
    values.forEach((value, i) => {
      const chosen = Math.abs(halfByDefinition(bits[i]!) - value);
      for (const other of [bits[i]! - 1, bits[i]! + 1]) {
        const distance = Math.abs(halfByDefinition(other & 0xffff) - value);
        if (distance < chosen) expect.fail(`${value} became ${halfByDefinition(bits[i]!)}`);
      }
    });
  });

  test('works on views that do not start their buffer', () => {
    const view = new Float32Array(new Float32Array([9, 1, -2]).buffer, 4);
    expect([...float16ToFloat32(float32ToFloat16(view))]).toEqual([1, -2]);
  });
});

test('bfloat16 is the upper half of a float32', () => {
  expect([...bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc020, 0x7f80, 0x0001, 0x8000))]).toEqual([
    1,
    -2.5,
    Infinity,
    2 ** -133,
    -0,
  ]);
});

describe('8-bit floats', () => {
  const decode = (format: Parameters<typeof float8ToFloat32>[1], ...bytes: number[]) => [
    ...float8ToFloat32(Uint8Array.from(bytes), format),
  ];

  test('e4m3 has no infinity and reaches 448', () => {
    expect(decode('e4m3', 0x00, 0x80, 0x01, 0x08, 0x38, 0xb8, 0x7e, 0x7f, 0xff)).toEqual([
      0,
      -0,
      2 ** -9,
      2 ** -6,
      1,
      -1,
      448,
      Number.NaN,
      Number.NaN,
    ]);
  });

  test('e5m2 is the upper byte of a half', () => {
    expect(decode('e5m2', 0x01, 0x3c, 0x7b, 0x7c, 0xfc, 0x7d)).toEqual([
      2 ** -16,
      1,
      57344,
      Infinity,
      -Infinity,
      Number.NaN,
    ]);
  });

  test('the FNUZ variants have one NaN and no negative zero', () => {
    expect(decode('e4m3fnuz', 0x80, 0x40, 0x7f, 0x01)).toEqual([Number.NaN, 1, 240, 2 ** -10]);
    expect(decode('e5m2fnuz', 0x80, 0x40, 0x7f, 0x01)).toEqual([Number.NaN, 1, 57344, 2 ** -17]);
  });

  test('e8m0 is a power of two', () => {
    expect(decode('e8m0', 0, 127, 254, 255)).toEqual([2 ** -127, 1, 2 ** 127, Number.NaN]);
  });
});

test('firstNonFinite finds NaN and infinities, and takes the largest numbers for finite', () => {
  const values = new Float32Array(1000).fill(3.4028234e38);
  expect(firstNonFinite(values)).toBe(-1);
  expect(firstNonFinite(new Float32Array(0))).toBe(-1);
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    expect(firstNonFinite(values.with(700, bad).with(900, bad))).toBe(700);
  }
});
