// Server CPU for short connections, alone and handed to workers, and memory for idle ones.
import { fileURLToPath } from 'node:url'
import { holdLoad, runLoad } from '../child.mjs'
import { compile } from '../compile.mjs'

const DIAL = fileURLToPath(new URL('../loads/dial.mjs', import.meta.url))
const HOLD = fileURLToPath(new URL('../loads/hold.mjs', import.meta.url))

/** @type {readonly string[] | undefined} a command line, once it is known */
let dialer

/** The program in C, since a load that costs as much as its server hides what the server can do; else the same in JavaScript. */
function dialCommand() {
  const binary = compile('loads/dial.c')
  return binary ? [binary] : [process.execPath, DIAL]
}

/** @param {string} how the connections end @returns {NonNullable<import('../benches.mjs').Bench['load']>} */
function dial(how) {
  return (port, options, share) => runDialer(how, port, options, share)
}

/** @param {string} how @param {number} port @param {import('../options.mjs').Options} options @param {number} share */
async function runDialer(how, port, { connections, clients }, share) {
  const count = Math.round(connections * share)
  dialer ??= dialCommand()
  const [command = '', ...args] = dialer
  const startedMs = performance.now()
  await runLoad(command, [...args, port, count, clients, how])
  return { count, perSecond: (count / (performance.now() - startedMs)) * 1000 }
}

export const benches = [
  {
    name: 'accept-echo-reset',
    title: 'Accept, echo, the client resets',
    server: 'echo',
    unit: 'connection',
    load: dial('client-resets'),
  },
  {
    name: 'accept-echo-client-ends',
    title: 'Accept, echo, the client ends',
    server: 'echo',
    unit: 'connection',
    load: dial('client-ends'),
  },
  {
    name: 'accept-echo-server-ends',
    title: 'Accept, echo, the server ends',
    server: 'echo-close',
    unit: 'connection',
    load: dial('server-ends'),
  },
  {
    name: 'cluster',
    title: "A primary hands over round-robin to two workers: the primary's CPU",
    server: 'handover',
    unit: 'connection',
    load: dial('server-ends'),
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
