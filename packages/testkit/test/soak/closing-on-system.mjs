// Plays stories of closing on the network of the system: on node:net, or on `@x/core` where a socket's writes leave at the end
// of the turn. Prints one line for each.

import net from 'node:net'
import { createInterface } from 'node:readline'
import * as core from '@x/core'
import { play, systemPlace } from './closing.mjs'

const places = { node: systemPlace(net), core: systemPlace(core) }
for await (const line of createInterface({ input: process.stdin })) {
  const { on, story } = JSON.parse(line)
  console.log(JSON.stringify(await play(story, places[/** @type {'node' | 'core'} */ (on)].place)))
}
for (const { close } of Object.values(places)) close()
