// Runs a program on a simulated network, in virtual time, so that its seed decides everything. It puts the parts
// together and reports; what happens on the way is theirs.
import { defaultTransport, setDefaultTransport } from '@x/core/transport'
import { Driver } from './driver'
import { runInLife } from './host-context'
import type { LinkOptions } from './link'
import { Random } from './random'
import { type HostMain, type HostOptions, SimulatedHost } from './simulated-host'
import { NetworkModel, type SimulatedNetwork } from './simulated-network'
import { transportOfCaller } from './simulated-transport'
import { Trace } from './trace'
import { type SimulatedClock, VirtualClock } from './virtual-clock'

/** How a simulation is run. */
export interface SimulationOptions {
  /** Decides all chance. The environment variable `X_TESTKIT_SEED` overrides it, for a replay. Default 1. */
  seed?: number | string
  /** What links are like unless `network.link` says otherwise. */
  link?: LinkOptions
  /** Virtual milliseconds after which a simulation has failed. Default 86,400,000: a day. */
  maxVirtualMs?: number
  /** `Date.now()` at the start. Default 2000-01-01 00:00 UTC. */
  startAt?: Date
  /** Bytes that a direction of a connection holds before writers wait. Default 65,536. */
  capacityBytes?: number
}

/** What a simulation's main function gets. */
export interface Simulation {
  readonly seed: number | string
  readonly network: SimulatedNetwork
  readonly clock: SimulatedClock
  /** Seeded chance. `Math.random` draws from the same seed, in a line of its own. */
  readonly random: Random
  /** Adds a host, with the software that runs there. */
  host(name: string, main?: HostMain | HostOptions): SimulatedHost
  /** Writes a line into the trace. */
  note(text: string): void
  /** The trace so far; `lines` of it, from the end. */
  trace(lines?: number): string
}

/** The outcome of a simulation. */
export interface SimulationReport<T> {
  readonly seed: number | string
  /** What the main function returned. */
  readonly value: T
  /** SHA-256 over every line of the trace and every byte that was sent: equal for equal runs. */
  readonly hash: string
  readonly virtualMs: number
  /** Events noted in the trace. */
  readonly events: number
  /** The last lines of the trace, all of a short run. */
  trace(lines?: number): string
}

/** A simulation that failed. `cause` is the error; the message names the seed, and how to run it again. */
export class SimulationError extends Error {
  readonly seed: number | string
  readonly virtualMs: number
  /** The whole trace, or the end of a long one. */
  readonly trace: string

  constructor(cause: unknown, seed: number | string, virtualMs: number, trace: Trace) {
    const said = cause instanceof Error ? cause.message : String(cause)
    const end = trace.tail(12)
    super(
      `seed ${seed} failed after ${virtualMs} virtual ms: ${said}\n` +
        `  to replay: simulate({ seed: ${JSON.stringify(seed)} }, ...) or X_TESTKIT_SEED=${seed}\n` +
        `  trace ${trace.hash.slice(0, 16)} ends:\n${end.replace(/^/gm, '  ')}`,
      { cause },
    )
    this.name = 'SimulationError'
    this.seed = seed
    this.virtualMs = virtualMs
    this.trace = trace.tail()
  }
}

const START = Date.UTC(2000, 0, 1)
const DAY_MS = 86_400_000

let running: Promise<unknown> = Promise.resolve()

/**
 * Runs `main` on a simulated network. Until it ends, the process's timers, `Date`, `performance` and `Math.random` are
 * virtual and seeded, and servers and sockets that name no transport are on the simulated network. Simulations of one
 * process run one after the other. Equal seeds give equal runs as long as the code waits for nothing outside: no real
 * I/O, no threads, no `crypto` randomness that decides something.
 *
 * Rejects with a `SimulationError` that names the seed: where `main` or a host's software failed, nothing was left to
 * do, or virtual time was up.
 *
 * @example
 * await simulate({ seed: 1 }, async ({ host, network, clock }) => {
 *   const server = host('server', () => void new Server(socket => socket.pipe(socket)).listen(80))
 *   const client = host('client')
 *   network.link(server, client, { latencyMs: 20, loss: 0.01 })
 *   await client.run(() => fetchSomething('server', 80))
 * })
 */
export function simulate<T>(
  options: SimulationOptions,
  main: (simulation: Simulation) => Promise<T> | T,
): Promise<SimulationReport<T>> {
  const turn = running.then(() => runOne(options, main))
  running = turn.catch(() => {})
  return turn
}

async function runOne<T>(
  options: SimulationOptions,
  main: (simulation: Simulation) => Promise<T> | T,
): Promise<SimulationReport<T>> {
  const seed = process.env['X_TESTKIT_SEED'] ?? options.seed ?? 1
  const clock = new VirtualClock(options.startAt?.getTime() ?? START, new Random(`${seed}/Math.random`))
  const trace = new Trace(() => clock.nowMs)
  const driver = new Driver(clock, options.maxVirtualMs ?? DAY_MS)
  const random = new Random(seed)
  const network = new NetworkModel({
    clock,
    driver,
    random: new Random(`${seed}/network`),
    trace,
    defaults: options.link ?? {},
    capacityBytes: options.capacityBytes ?? 65536,
  })
  const hosts: SimulatedHost[] = []
  const host = (name: string, about?: HostMain | HostOptions): SimulatedHost => {
    const { addresses, main: software } = typeof about === 'function' ? { main: about } : (about ?? {})
    const stack = network.addStack(name, addresses)
    const made = new SimulatedHost(stack, software, { trace, fail: error => driver.fail(error) }, created => {
      network.addHost(stack, created)
      hosts.push(created)
    })
    return made
  }
  let restore = () => {}
  try {
    const test = host('test', { addresses: ['10.255.255.254'] })
    restore = intercept(test, error => driver.fail(error))
    const simulation: Simulation = {
      seed,
      network,
      clock,
      random,
      host,
      note: text => trace.note(`note ${text}`),
      trace: lines => trace.tail(lines),
    }
    const value = await driver.run(() => test.run(async () => main(simulation)))
    return {
      seed,
      value,
      hash: trace.hash,
      virtualMs: clock.nowMs,
      events: trace.count,
      trace: lines => trace.tail(lines),
    }
  } catch (error) {
    throw new SimulationError(error, seed, clock.nowMs, trace)
  } finally {
    // What still runs there belongs to a world that has ended.
    for (const each of hosts) runInLife(undefined, () => each.crash())
    restore()
    clock.uninstall()
  }
}

/** The simulated network is the default, and an error that nobody catches ends the simulation, not the process. */
function intercept(test: SimulatedHost, fail: (error: unknown) => void): () => void {
  const before = defaultTransport()
  setDefaultTransport(transportOfCaller(test))
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const saved = events.map(event => ({ event, listeners: process.rawListeners(event) }))
  for (const { event } of saved) {
    process.removeAllListeners(event)
    process.on(event, fail)
  }
  return () => {
    setDefaultTransport(before)
    for (const { event, listeners } of saved) {
      process.removeListener(event, fail)
      for (const listener of listeners) process.on(event, listener as () => void)
    }
  }
}
