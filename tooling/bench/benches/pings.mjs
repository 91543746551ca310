// Server CPU and throughput for commands of the Redis protocol, with redis-benchmark as the load.
import { runLoad } from '../child.mjs'

/** @param {string} name @param {number} depth commands that are sent before the first reply is awaited */
function pings(name, depth) {
  return {
    name,
    title: `${depth === 1 ? 'One request at a time' : `${depth} pipelined, one write for each reply`} (redis-benchmark PING)`,
    server: 'ping',
    unit: 'command',
    /**
     * @param {number} port
     * @param {import('../options.mjs').Options} options
     * @param {number} share of the requests, less than 1 to warm up
     */
    async load(port, { requests, clients }, share) {
      const count = Math.round((depth === 1 ? requests : requests * 4) * share)
      const args = [
        '-h',
        '127.0.0.1',
        '-p',
        port,
        '-t',
        'ping_mbulk',
        '-n',
        count,
        '-c',
        clients,
        '-P',
        depth,
        '--csv',
      ]
      const output = await runLoad('redis-benchmark', args)
      const perSecond = Number(/"PING_MBULK","([\d.]+)"/.exec(output)?.[1])
      return { count, perSecond }
    },
  }
}

export const benches = [pings('ping', 1), pings('pipelined-ping', 16)]
