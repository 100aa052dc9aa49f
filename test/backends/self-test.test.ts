import { describe, expect, test } from 'vitest';
import { ortNode } from '../../src/backends/ort-node.js';
import { type RunOnce, selfTest } from '../../src/backends/self-test/self-test.js';

/** The CPU's results, changed by `spoil` for the networks that it names. */
async function testWith(spoil: (label: string, values: Float32Array) => void) {
  const backend = ortNode({ isolation: 'none', threads: 1 });
  const run: RunOnce = async (artifact, feeds) => {
    const session = await backend.createSession(artifact);
    const outputs = await session.run(feeds);
    if (outputs['y']?.data instanceof Float32Array) spoil(artifact.label, outputs['y'].data);
    return outputs;
  };
  const result = await selfTest(run, 'test', ['MultiHeadAttention', 'QuickGelu', 'Gelu', 'BiasSplitGelu']);
  await backend.dispose();
  return result;
}

describe('the self-test', () => {
  test('agrees with the CPU on all but the operator that the CPU lacks', async () => {
    const { dialect, float16, notes } = await testWith(() => undefined);
    expect([...dialect]).toEqual(['MultiHeadAttention', 'QuickGelu', 'Gelu']);
    expect(float16).toBe(true);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^fused gated GELU fails .*BiasSplitGelu is not used$/);
  });

  test('drops an operator for an error of a thousandth, or for NaN', async () => {
    for (const wrong of [1.001, Number.NaN]) {
      const { dialect, notes } = await testWith((label, values) => {
        if (label.includes('many tokens'))
          values.forEach((value, i) => {
            values[i] = value * wrong;
          });
      });
      expect(dialect.has('MultiHeadAttention')).toBe(false);
      expect(notes[0]).toMatch(/fused attention over many tokens is wrong .*MultiHeadAttention is not used/);
    }
  });

  test('notes a portable operator that is wrong, as nothing can stand in for it', async () => {
    const { notes } = await testWith((label, values) => {
      if (label.includes('9 channels')) values[7] = 0;
    });
    expect(notes.some((note) => /3×3 convolution of 9 channels is wrong/.test(note))).toBe(true);
  });
});
