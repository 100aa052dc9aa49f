import { describe, expect, it } from 'vitest';
import { renamedStore } from '../../../src/weights/renamed-store.js';
import { headerStore } from './header-store.js';

describe('renamedStore', () => {
  const file = headerStore({ q: [2, 3, 1, 1], other: [1] });

  it('shows tensors under other names and shapes, and hides the rest', async () => {
    const view = renamedStore(file, new Map([['to_q', { from: 'q', shape: [2, 3] }]]));
    expect([...view.entries.values()]).toEqual([{ name: 'to_q', type: 'f32', shape: [2, 3] }]);
    expect(await view.read('to_q')).toMatchObject({ shape: [2, 3], bytes: new Uint8Array(24) });
  });

  it('names the file and the tensor that is not there', async () => {
    const view = renamedStore(file, new Map());
    await expect(view.read('to_q')).rejects.toMatchObject({
      code: 'weights-mismatch',
      message: "model.safetensors has no tensor 'to_q'",
    });
  });

  it('refuses a shape of another size', () => {
    const renames = new Map([['to_q', { from: 'q', shape: [2, 4] }]]);
    expect(() => renamedStore(file, renames)).toThrow("'q' in model.safetensors is [2, 3, 1, 1]");
  });

  it('closes the store beneath', async () => {
    const beneath = headerStore({});
    await renamedStore(beneath, new Map()).close();
    expect(beneath.isClosed()).toBe(true);
  });
});
