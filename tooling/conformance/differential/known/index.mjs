// The programs that are played each time: those that describe what sockets and servers must do, and those that random
// programs have found. It plays nothing.
import { found } from './found.mjs'
import { foundOnMemory } from './found-on-memory.mjs'
import { foundOnNative } from './found-on-native.mjs'
import { living } from './living.mjs'
import { tcpClient, unixClient } from './scene.mjs'
import { serving } from './serving.mjs'
import { writing } from './writing.mjs'

/** @typedef {import('../trial.mjs').Playable & { name: string }} KnownProgram */

/** @type {readonly KnownProgram[]} */
export const known = [
  ...[tcpClient, unixClient].flatMap(setup => [...writing(setup), ...living(setup)]),
  ...serving(),
  ...found,
  ...foundOnNative,
  ...foundOnMemory,
]
