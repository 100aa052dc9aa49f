import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { checkOptions } from '../../src/core/check-options.js';
import type { AnimateDiffError } from '../../src/core/errors.js';

interface Options {
  steps: number;
  order?: 'frames' | 'channels' | undefined;
}
const schema = z.strictObject({
  steps: z._default(z.int().check(z.positive()), 25),
  order: z.optional(z.enum(['frames', 'channels'])),
});
const check = (value: unknown): Options => checkOptions<Options>(schema, value, 'sample');

test('fills in defaults, also when nothing is given', () => {
  expect(check(undefined)).toEqual({ steps: 25 });
  expect(check({ order: 'frames', steps: undefined })).toEqual({ steps: 25, order: 'frames' });
});

test('lists everything that is wrong in one error, in words and as data', () => {
  const wrong = { steps: -1, order: 'rows', stpes: 3 };
  expect(() => check(wrong)).toThrow(
    expect.objectContaining({
      code: 'invalid-options',
      message:
        'sample: steps: Too small: expected number to be >0; ' +
        'order: Invalid option: expected one of "frames"|"channels"; Unrecognized key: "stpes"',
      details: {
        issues: [
          { path: 'steps', message: expect.any(String) },
          { path: 'order', message: expect.any(String) },
          { path: '', message: expect.any(String) },
        ],
      },
    }),
  );
});

test.each([null, 7, 'x', []])('refuses %j, which is no object', (value) => {
  expect(() => check(value)).toThrow(/^sample: Invalid input: expected object, received/);
});

describe('of a union', () => {
  const amount = z.union([z.number(), z.array(z.number()).check(z.minLength(1))]);
  const union = z.strictObject({
    repeat: z.optional(z.union([z.boolean(), z.strictObject({ times: z.int(), how: z.enum(['a', 'b']) })])),
    cache: z.optional(z.union([z.literal(false), z.literal('memory'), z.strictObject({ path: z.string() })])),
    amount: z.optional(
      z.union([amount, z.strictObject({ up: z.optional(amount) })], { error: 'expected an amount' }),
    ),
  });
  const issuesOf = (value: unknown): unknown => {
    try {
      return checkOptions<unknown>(union, value, 'sample');
    } catch (error) {
      return (error as AnimateDiffError).details['issues'];
    }
  };

  test.each<[string, unknown, { path: string; message: string }[]]>([
    [
      'an object is told what is wrong in it',
      { repeat: { times: 0.5, how: 'c' } },
      [
        { path: 'repeat.times', message: 'Invalid input: expected int, received number' },
        { path: 'repeat.how', message: 'Invalid option: expected one of "a"|"b"' },
      ],
    ],
    [
      'a list is told which of its entries is wrong',
      { amount: [1, 'x'] },
      [{ path: 'amount.1', message: 'Invalid input: expected number, received string' }],
    ],
    [
      'what is of no form is told the forms, in a union in a union too',
      { repeat: 'yes', cache: 'disk', amount: { up: 'x' } },
      [
        { path: 'repeat', message: 'Invalid input: expected boolean or object' },
        { path: 'cache', message: 'Invalid input: expected false or "memory" or object' },
        { path: 'amount.up', message: 'Invalid input: expected number or array' },
      ],
    ],
    [
      'or what the union itself says of them',
      { amount: 'x' },
      [{ path: 'amount', message: 'expected an amount' }],
    ],
  ])('%s', (_, value, issues) => expect(issuesOf(value)).toEqual(issues));
});

test("leaves zod's global language to the application", () => {
  expect(() => check({ steps: 'a' })).toThrow(/expected number, received string/);
  expect(z.config().localeError).toBeUndefined();
});
