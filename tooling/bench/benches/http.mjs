// Server CPU for requests of HTTP/1.1, where node:http gets its connections from the arm's server.
import { runToEnd } from '../child.mjs'
import { httpLoader, whyNoHttpLoader } from './loads.mjs'

/** @type {readonly import('../benches.mjs').Bench[]} */
export const benches = [
  {
    name: 'http',
    title: 'HTTP/1.1, kept alive: node:http over a front',
    server: 'http',
    unit: 'request',
    arms: ['net', 'native', 'portable', 'bun', 'deno'],
    whyNot: whyNoHttpLoader,
    by: async () => ((await httpLoader())[0] === 'wrk' ? 'wrk' : 'autocannon'),
    async load({ port, processors, options }, share) {
      const [program = '', ...script] = await httpLoader()
      const url = `http://127.0.0.1:${port}/`
      if (program === 'wrk') {
        const seconds = Math.max(1, Math.round(options.seconds * share))
        const output = await runToEnd(processors, [
          'wrk',
          '-t1',
          `-c${options.clients}`,
          `-d${seconds}s`,
          url,
        ])
        const [, requests, took] = /(\d+) requests in ([\d.]+)s/.exec(output) ?? []
        return checked(Number(requests), Number(took), /Socket errors|Non-2xx.*/.exec(output)?.[0])
      }
      const count = Math.round(options.requests * 0.3 * share)
      const command = [program, ...script, '-c', options.clients, '-a', count, '--json', '--no-progress', url]
      const { requests, duration, errors, non2xx } = JSON.parse(await runToEnd(processors, command))
      return checked(
        requests.total,
        duration,
        errors + non2xx > 0 ? `${errors} errors, ${non2xx} not 200` : undefined,
      )
    },
  },
]

/** @param {number} count @param {number} seconds @param {string | undefined} failure @returns {import('../benches.mjs').Work} */
function checked(count, seconds, failure) {
  if (!(count > 0) || failure !== undefined)
    throw new Error(`the HTTP load failed: ${failure ?? 'no answers'}`)
  return { count, perSecond: count / seconds }
}
