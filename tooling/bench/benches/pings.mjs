// Server CPU and throughput for commands of the Redis protocol: each client asks as fast as it is answered.
import { runToEnd, standLoad } from '../child.mjs'
import { asker, whyNoAsker, whyNoRedisBenchmark } from './loads.mjs'

/** @param {number} requests @param {number} depth @param {number} share */
function countOf(requests, depth, share) {
  return Math.round((depth === 1 ? requests : requests * 4) * share)
}

/** @param {string} name @param {number} depth commands that are sent before the first reply is awaited @returns {import('../benches.mjs').Bench} */
function pings(name, depth) {
  return {
    name,
    title: depth === 1 ? 'One request at a time' : `${depth} pipelined, one write for each reply`,
    server: 'ping',
    unit: 'command',
    groups: ['pings'],
    whyNot: whyNoAsker,
    async stand({ port, processors, options }, share) {
      const count = countOf(options.requests, depth, share)
      const command = [asker() ?? '', port, options.clients, 'closed', count, depth]
      const load = await standLoad(processors, command)
      return {
        async work() {
          const { seconds } = JSON.parse(await load.work())
          return { count, perSecond: count / seconds }
        },
        release: load.release,
      }
    },
  }
}

/** @param {string} name @param {number} depth @returns {import('../benches.mjs').Bench} */
function redisPings(name, depth) {
  return {
    name,
    title: `${depth === 1 ? 'One request at a time' : `${depth} pipelined`}, by redis-benchmark`,
    server: 'ping',
    unit: 'command',
    groups: ['redis'],
    arms: ['net', 'native', 'portable', 'bun'],
    whyNot: whyNoRedisBenchmark,
    async load({ port, processors, options }, share) {
      const count = countOf(options.requests, depth, share)
      const where = ['-h', '127.0.0.1', '-p', port, '-t', 'ping_mbulk', '--csv']
      const command = ['redis-benchmark', ...where, '-n', count, '-c', options.clients, '-P', depth]
      const output = await runToEnd(processors, command)
      return { count, perSecond: Number(/"PING_MBULK","([\d.]+)"/.exec(output)?.[1]) }
    },
  }
}

/** @type {readonly import('../benches.mjs').Bench[]} */
export const benches = [
  pings('ping', 1),
  pings('pipelined-ping', 16),
  redisPings('redis-ping', 1),
  redisPings('redis-pipelined-ping', 16),
]
