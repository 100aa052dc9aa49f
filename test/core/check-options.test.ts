import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { checkOptions } from '../../src/core/check-options.js';

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

test("leaves zod's global language to the application", () => {
  expect(() => check({ steps: 'a' })).toThrow(/expected number, received string/);
  expect(z.config().localeError).toBeUndefined();
});
