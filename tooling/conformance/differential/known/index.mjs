// The programs that are played each time: those that describe what sockets and servers must do, and those that random
// programs have found. It plays nothing.
import { found } from './found.mjs'
import { foundOnNative } from './found-on-native.mjs'
import { living } from './living.mjs'
import { serving } from './serving.mjs'
import { writing } from './writing.mjs'

/** @typedef {import('../trial.mjs').Playable & { name: string }} KnownProgram */

/** @type {import('../stage.mjs').Setup[]} */
const clients = [
  { role: 'client', family: 'tcp' },
  { role: 'client', family: 'unix' },
]

/** @type {readonly KnownProgram[]} */
export const known = [
  ...clients.flatMap(setup => [...writing(setup), ...living(setup)]),
  ...serving(),
  ...found,
  ...foundOnNative,
]
