#!/usr/bin/env node
/** The command line door. */

import { main } from './cli/main.js';

// No top-level await: a pending command must not keep a dead event loop from ending.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
