import { clearCache, listCache } from '../node.js';
import type { Command } from './command.js';
import { bytesText, printable, tableText } from './format.js';

/** Lists or clears the weights that are kept on disk. */
export const cacheCommand: Command = {
  name: 'cache',
  usage: 'list|clear',
  summary: 'list or clear the weights that are kept on disk',
  options: [
    { name: 'directory', kind: 'text', value: 'FOLDER', help: 'the cache, if not the usual one' },
    { name: 'json', kind: 'flag', help: 'as JSON' },
  ],
  takesArguments: true,
  check: ({ rest: [action, ...more] }) =>
    (action === 'list' || action === 'clear') && more.length === 0
      ? []
      : ["cache: expected 'list' or 'clear'"],
  async run(values, { out }) {
    const [action] = values.rest;
    const where = { directory: values.text('directory') };
    if (action === 'clear') {
      const done = await clearCache(where);
      const kept = done.keptBytes > 0 ? `; ${bytesText(done.keptBytes)} are in use and stay` : '';
      out(values.flag('json') ? JSON.stringify(done) : `${bytesText(done.removedBytes)} removed${kept}`);
      return;
    }
    const listing = await listCache(where);
    if (values.flag('json')) {
      out(JSON.stringify(listing));
      return;
    }
    const rows = listing.blobs.map(({ sha256, byteLength, lastUsed, inUse }) => [
      sha256.slice(0, 12),
      bytesText(byteLength),
      new Date(lastUsed).toISOString().slice(0, 16).replace('T', ' '),
      inUse ? 'in use' : '',
    ]);
    out(`${printable(listing.directory, 4000)}: ${bytesText(listing.byteLength)}`);
    if (rows.length > 0) out(tableText(rows));
  },
};
