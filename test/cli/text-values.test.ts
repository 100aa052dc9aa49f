import { expect, test } from 'vitest';
import { amount, numberList, schedule, splitOnce } from '../../src/cli/text-values.js';

test.each([
  ['1.2', 1.2],
  ['1,1.1,1.2', [1, 1.1, 1.2]],
  ['down=1.2,up=1', { down: 1.2, up: 1 }],
  ['down=1,1.1,1.2,mid=0', { down: [1, 1.1, 1.2], mid: 0 }],
  ['left=1', undefined],
  ['1,down=2', undefined],
  ['down=1,down=2', undefined],
  ['down=,up=1', undefined],
  ['__proto__=1', undefined],
  ['much', undefined],
  ['1,,2', undefined],
])('the amount %s', (text, value) => {
  expect(amount.parse(text)).toEqual(value);
});

test.each([
  [
    '0=1, 0.5=1.5',
    [
      { at: 0, factor: 1 },
      { at: 0.5, factor: 1.5 },
    ],
  ],
  ['1', undefined],
  ['0=1=2', undefined],
  ['', undefined],
])('the schedule %j', (text, value) => {
  expect(schedule.parse(text)).toEqual(value);
});

test('a list of numbers, and a text of which the first part is a name', () => {
  expect([numberList.parse('1, 2'), numberList.parse('1;2'), numberList.parse('')]).toEqual([
    [1, 2],
    undefined,
    undefined,
  ]);
  expect(splitOnce('16 =a = b')).toEqual(['16', 'a = b']);
});
