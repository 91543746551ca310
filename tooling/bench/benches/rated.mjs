// Requests at a fixed rate, whatever the server does (an open loop): how long each waits, and what one costs among many
// connections.
import { standLoad } from '../child.mjs'
import { asker, whyNoAsker, whyNotSoMany } from './loads.mjs'

/** @param {(options: import('../options.mjs').Options) => number} clientsOf @returns {NonNullable<import('../benches.mjs').Bench['stand']>} */
function atFixedRate(clientsOf) {
  return async ({ port, processors, options }, share) => {
    const count = Math.ceil(options.rate * options.seconds * share)
    const command = [asker() ?? '', port, clientsOf(options), 'open', count, options.rate]
    const load = await standLoad(processors, command)
    return {
      async work() {
        const { seconds, latencyUs } = JSON.parse(await load.work())
        return { count, perSecond: count / seconds, latencyUs }
      },
      release: load.release,
    }
  }
}

/** @param {number} connections @returns {import('../benches.mjs').Bench} */
function among(connections) {
  return {
    name: `among-${connections}`,
    title: `One request at a time among ${connections} connections, at a fixed rate`,
    server: 'ping',
    unit: 'request',
    groups: ['among'],
    connections,
    whyNot: () => whyNoAsker() ?? whyNotSoMany(connections),
    stand: atFixedRate(() => connections),
  }
}

/** @type {readonly import('../benches.mjs').Bench[]} */
export const benches = [
  {
    name: 'latency',
    title: 'Latency at a fixed rate, from the planned time of sending',
    server: 'ping',
    unit: 'request',
    whyNot: whyNoAsker,
    stand: atFixedRate(({ clients }) => clients),
  },
  ...[10, 100, 1000, 10_000].map(among),
]
