import { library } from '@x/presets/tsup'

const entries = {
  promises: 'src/promises.ts',
  transport: 'src/transport/index.ts',
  internal: 'src/internal.ts',
  interop: 'src/interop/index.ts',
  register: 'src/register/index.ts',
  'register-thread': 'src/register/thread.ts',
  cli: 'src/cli.ts',
}

/** Globals that set-ups of tests replace or take away: each file keeps those of its load, as node:net does. */
const kept = [
  ...['AggregateError', 'Array', 'ArrayBuffer', 'BigInt', 'Boolean', 'Buffer', 'DataView', 'Date', 'Error'],
  ...['Int32Array', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'Proxy', 'RangeError', 'Reflect'],
  ...['RegExp', 'Set', 'String', 'Symbol', 'TypeError', 'Uint8Array', 'WeakMap', 'WeakSet', 'process'],
]
const banner = { js: `"use strict";\nconst { ${kept.join(', ')} } = globalThis;` }

// The declarations of the index are written by module-faces.
export default library(
  { index: 'src/index.ts', ...entries },
  { banner, dts: { entry: { public: 'src/public.ts', ...entries } } },
)
