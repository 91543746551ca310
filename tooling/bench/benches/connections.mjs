// Server CPU for short connections, alone and handed to workers, and memory for idle ones.
import { runToEnd, standLoad } from '../child.mjs'
import { dialer, inJavaScript, whyNotSoMany } from './loads.mjs'

/** @param {string} how the connections end @returns {NonNullable<import('../benches.mjs').Bench['load']>} */
function dial(how) {
  return async ({ port, processors, options }, share) => {
    const count = Math.round(options.connections * share)
    const startedMs = performance.now()
    await runToEnd(processors, [...dialer(), port, count, options.clients, how])
    return { count, perSecond: (count / (performance.now() - startedMs)) * 1000 }
  }
}

/** @type {readonly import('../benches.mjs').Bench[]} */
export const benches = [
  {
    name: 'accept-echo-reset',
    title: 'Accept, echo, the client resets',
    server: 'echo',
    unit: 'connection',
    groups: ['accept-echo'],
    load: dial('client-resets'),
  },
  {
    name: 'accept-echo-client-ends',
    title: 'Accept, echo, the client ends',
    server: 'echo',
    unit: 'connection',
    groups: ['accept-echo'],
    load: dial('client-ends'),
  },
  {
    name: 'accept-echo-server-ends',
    title: 'Accept, echo, the server ends',
    server: 'echo-close',
    unit: 'connection',
    groups: ['accept-echo'],
    load: dial('server-ends'),
  },
  {
    name: 'cluster',
    title: "A primary hands over round-robin to two workers: the primary's CPU",
    server: 'handover',
    unit: 'connection',
    arms: ['net', 'native', 'portable'],
    isSpread: true,
    // Code that runs once for many connections is compiled late.
    warmUpShare: 12,
    load: dial('server-ends'),
  },
  {
    name: 'idle-connections',
    title: 'Idle connections, resident bytes of each',
    server: 'idle',
    unit: 'connection',
    // C has what the kernel has, and an array of ours.
    arms: ['net', 'native', 'portable', 'bun', 'deno'],
    whyNot: ({ idle }) => whyNotSoMany(idle),
    hold: ({ port, processors }, count) => standLoad(processors, [...inJavaScript('hold'), port, count]),
  },
]
