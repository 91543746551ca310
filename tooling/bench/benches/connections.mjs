// Server CPU for short connections, alone and handed to workers, and memory for idle ones.
import { fileURLToPath } from 'node:url'
import { holdLoad, runLoad } from '../child.mjs'

const DIAL = fileURLToPath(new URL('../loads/dial.mjs', import.meta.url))
const HOLD = fileURLToPath(new URL('../loads/hold.mjs', import.meta.url))

/** @param {number} port @param {import('../options.mjs').Options} options @param {number} share */
async function dial(port, { connections, clients }, share) {
  const count = Math.round(connections * share)
  const startedMs = performance.now()
  await runLoad(process.execPath, [DIAL, port, count, clients])
  return { count, perSecond: (count / (performance.now() - startedMs)) * 1000 }
}

export const benches = [
  {
    name: 'accept-echo-close',
    title: 'Accept, echo, close',
    server: 'echo-close',
    unit: 'connection',
    load: dial,
  },
  {
    name: 'cluster',
    title: "A primary hands over round-robin to two workers: the primary's CPU",
    server: 'handover',
    unit: 'connection',
    load: dial,
  },
  {
    name: 'idle-connections',
    title: 'Idle connections, resident bytes of each',
    server: 'idle',
    unit: 'connection',
    isMemory: true,
    /** @param {number} port @param {import('../options.mjs').Options} options */
    hold(port, { idle }) {
      return holdLoad(HOLD, [port, idle])
    },
  },
]
