// Runs a program on a simulated network, in virtual time, so that its seed decides everything. It puts the parts
// together and reports; what happens on the way is theirs.
import {
  codedError,
  validateFunction,
  validateInteger,
  validateNumber,
  validateObject,
} from '@x/core/internal'
import { defaultTransport, setDefaultTransport } from '@x/core/transport'
import { validateCapacity, validateList, validateRules, validateSeed } from '../arguments'
import { quietly, testkitError } from '../errors'
import type { Rule } from '../faults/rule'
import { latency } from '../faults/vocabulary'
import { framesOf, OpeningPlace, showAt, usersFrames } from '../stacks/opening-place'
import { Driver } from './driver'
import { Misfortunes, type Omission, omissionsFrom, omissionsText } from './misfortunes'
import { OutsideWork } from './outside-work'
import { Random } from './random'
import { type HostMain, type HostOptions, readHostOptions, SimulatedHost } from './simulated-host'
import { NetworkModel, type SimulatedNetwork } from './simulated-network'
import { transportOfCaller } from './simulated-transport'
import { Trace } from './trace'
import { catchErrorsOf } from './uncaught'
import { type SimulatedClock, VirtualClock } from './virtual-clock'
import { installVirtualGlobals } from './virtual-globals'
import { currentLife, currentWorld, runOutside, type World } from './world'

/** How a simulation is run. */
export interface SimulationOptions {
  /** Decides all chance. The environment variable `X_TESTKIT_SEED` overrides it, for a replay. Default 1. */
  seed?: number | string
  /**
   * What is left out of the run: misfortunes by number (the trace has them: partitions, crashes, kills), rules of links by
   * name (`'loss'`), software of hosts (`'host n3'`), waits (`'wait 5'`). `explore` finds what may be, and the environment
   * variable `X_TESTKIT_OMIT` (`0,2,loss,host n3`) overrides it, for a replay. Default: nothing.
   */
  omit?: readonly Omission[]
  /** The rules of links unless `network.link` says otherwise. Default: `[faults.latency({ ms: 1 })]`. */
  link?: readonly Rule[]
  /** Virtual milliseconds after which a simulation has failed. Default 86,400,000: a day. */
  maxVirtualMs?: number
  /** `Date.now()` at the start. Default 2000-01-01 00:00 UTC. */
  startAt?: Date
  /** Bytes that a direction of a connection holds before writers wait. Default 65,536. */
  capacityBytes?: number
}

/** The argument of a simulation's main function. */
export interface Simulation {
  readonly seed: number | string
  readonly network: SimulatedNetwork
  readonly clock: SimulatedClock
  /** Seeded chance. `Math.random` draws from the same seed, in a line of its own. */
  readonly random: Random
  /**
   * Adds a host, with the software that runs there. Throws `ERR_INVALID_ARG_VALUE` for a name or an address that another host
   * has.
   */
  host(name: string, main?: HostMain | HostOptions): SimulatedHost
  /** Writes a line into the trace. */
  note(text: string): void
  /** The trace so far; `lines` of it, from the end. */
  trace(lines?: number): string
}

/** The outcome of a simulation. */
export interface SimulationReport<T> {
  readonly seed: number | string
  /** The result of the main function. */
  readonly value: T
  /** SHA-256 over every line of the trace and every byte that was sent: equal for equal runs. */
  readonly hash: string
  readonly virtualMs: number
  /** Events noted in the trace. */
  readonly events: number
  /** What befell the run, in order. */
  readonly misfortunes: readonly string[]
  /** What may be left out of the run, and was not. */
  readonly kept: readonly Omission[]
  /**
   * Functions used by the simulated code that a simulation cannot make reproducible, each with its place in the code.
   */
  readonly outside: readonly string[]
  /** The last lines of the trace, all of a short run. */
  trace(lines?: number): string
}

/** A simulation that failed. `cause` is the error; the message names the seed, and how to run it again. */
export class SimulationError extends Error {
  declare readonly seed: number | string
  declare readonly virtualMs: number
  /** The whole trace, or the end of a long one. */
  declare readonly trace: string
  /** What befell the run, in order. */
  declare readonly misfortunes: readonly string[]
  /** What may be left out of the run, and was not. */
  declare readonly kept: readonly Omission[]
  /**
   * Functions used by the simulated code that a simulation cannot make reproducible, each with its place in the code.
   */
  declare readonly outside: readonly string[]

  /** Made by `simulate()`. */
  constructor(
    cause: unknown,
    about: {
      seed: number | string
      omit: readonly Omission[]
      virtualMs: number
      trace: Trace
      misfortunes: Misfortunes
      outside: readonly string[]
      /** The frames of the call of `simulate`. */
      calledAt: readonly string[]
    },
  ) {
    const { seed, omit, virtualMs, trace, misfortunes, outside } = about
    const said =
      cause instanceof Error
        ? cause.message || String(Reflect.get(cause, 'code') ?? cause.name)
        : String(cause)
    const lines = [
      `seed ${seed} failed after ${virtualMs} virtual ms: ${said}`,
      `  to replay: ${replayLine(seed, omit)}`,
      ...outside.map(each => `  outside of the simulation: ${each}`),
      `  trace ${trace.hash.slice(0, 16)} ends:`,
      trace.tail(12).replace(/^/gm, '  '),
    ]
    super(lines.join('\n'), { cause })
    const { told, kept } = misfortunes
    const members = { seed, virtualMs, trace: trace.tail(), misfortunes: told, kept, outside }
    quietly<SimulationError>(this, { name: 'SimulationError', ...members })
    const frames = cause instanceof Error ? usersFrames(framesOf(cause.stack)) : []
    this.stack = `SimulationError: ${this.message}`
    showAt(this, frames.length > 0 ? frames : about.calledAt)
  }
}

/** What repeats a run, before the command that made it. */
export function replayLine(seed: number | string, omit: readonly Omission[]): string {
  const less = omit.length > 0 ? ` X_TESTKIT_OMIT=${quoted(omissionsText(omit))}` : ''
  return `X_TESTKIT_SEED=${quoted(String(seed))}${less} (on Node ${process.versions.node})`
}

/** A word of a shell (POSIX sh 2.2.2). */
function quoted(text: string): string {
  return /^[\w,.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const START = Date.UTC(2000, 0, 1)
const DAY_MS = 86_400_000

let running: Promise<unknown> = Promise.resolve()

/**
 * Runs `main` on a simulated network. For its code, and everything it starts, timers (the global ones, `node:timers`
 * and `node:timers/promises`), `Date`, `performance.now`, `process.hrtime`, `AbortSignal.timeout`, `Math.random` and
 * the random functions of `crypto` are virtual and seeded, servers and sockets that name no transport are on the
 * simulated network, and `node:dns` knows its hosts. Code beside it (another test) keeps the process's own. Simulations
 * of one process run one after the other.
 *
 * Virtual time waits for the process's thread pool (files, `crypto`, `zlib`) and WebAssembly. Equal seeds give equal runs, on one
 * version of Node, as long as nothing outside decides: no real sockets, processes or threads, no two operations of the
 * thread pool at once whose order matters, no generated keys. What is used of them is named in the trace and where the
 * simulation fails. Throws `ERR_X_NESTED_SIMULATION` within a simulation, and for options that are none
 * `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE`.
 *
 * Rejects with a `SimulationError` that names the seed: where `main` or a host's software failed, nothing was left to
 * do, or virtual time was up.
 *
 * @example
 * await simulate({ seed: 1 }, async ({ host, network, clock }) => {
 *   const server = host('server', () => void createServer(socket => socket.pipe(socket)).listen(80))
 *   const client = host('client')
 *   network.link(server, client, [faults.latency({ ms: 20 }), faults.loss(0.01)])
 *   await clock.sleep(1)
 *   await once(client.run(() => connect(80, 'server')), 'connect')
 * })
 */
export function simulate<T>(
  options: SimulationOptions,
  main: (simulation: Simulation) => Promise<T> | T,
): Promise<SimulationReport<T>> {
  const around = currentWorld()
  if (around && !around.isOver) throw testkitError('ERR_X_NESTED_SIMULATION')
  validateObject(options, 'options')
  validateOptions(options)
  validateFunction(main, 'main')
  const place = new OpeningPlace(simulate, null)
  const turn = running.then(() => runOutside(() => runOne(options, main, place)))
  running = turn.catch(() => {})
  return turn
}

function validateOptions({
  seed,
  omit,
  link,
  maxVirtualMs,
  startAt,
  capacityBytes,
}: SimulationOptions): void {
  if (seed !== undefined) validateSeed(seed, 'options.seed')
  if (omit !== undefined) validateList(omit, 'options.omit', validateOmission)
  if (link !== undefined) validateRules(link, 'options.link')
  if (maxVirtualMs !== undefined) validateNumber(maxVirtualMs, 'options.maxVirtualMs', 0)
  if (startAt !== undefined && !(startAt instanceof Date && !Number.isNaN(startAt.getTime()))) {
    throw codedError('ERR_INVALID_ARG_TYPE', 'options.startAt', 'Date', startAt)
  }
  validateCapacity(capacityBytes, 'options.capacityBytes')
}

function validateOmission(each: unknown, name: string): void {
  if (typeof each !== 'string') validateInteger(each, name, 0)
}

async function runOne<T>(
  options: SimulationOptions,
  main: (simulation: Simulation) => Promise<T> | T,
  place: OpeningPlace,
): Promise<SimulationReport<T>> {
  const seed = process.env['X_TESTKIT_SEED'] ?? options.seed ?? 1
  const world: World = { isOver: false, fail: error => driver.fail(error) }
  const clock = new VirtualClock(options.startAt?.getTime() ?? START)
  const trace = new Trace(() => clock.nowMs)
  const outside = new OutsideWork(world, text => trace.note(text))
  const omitted = process.env['X_TESTKIT_OMIT']
  const omit = omitted === undefined ? (options.omit ?? []) : omissionsFrom(omitted)
  const misfortunes = new Misfortunes(omit, text => trace.note(text))
  const driver = new Driver({ world, clock, outside, limitMs: options.maxVirtualMs ?? DAY_MS })
  const network = new NetworkModel({
    clock,
    driver,
    random: new Random(`${seed}/network`),
    trace,
    misfortunes,
    defaults: options.link ?? [latency({ ms: 1 })],
    capacityBytes: options.capacityBytes ?? 65536,
  })
  const hosts: SimulatedHost[] = []
  const host = (name: string, about?: HostMain | HostOptions): SimulatedHost => {
    const { addresses, main: software } = readHostOptions(name, about)
    const stack = network.addStack(name, addresses)
    const around = { trace, misfortunes, fail: (error: unknown) => driver.fail(error) }
    return new SimulatedHost(stack, software, around, created => {
      network.addHost(stack, created)
      hosts.push(created)
    })
  }
  const ends: (() => void)[] = []
  try {
    const test = host('test', { addresses: ['10.255.255.254'] })
    ends.push(
      installTransport(test),
      installVirtualGlobals({
        world,
        clock,
        outside,
        lookup: network.lookup,
        chance: name => new Random(`${seed}/${name}`),
      }),
      catchErrorsOf(world),
    )
    outside.start()
    ends.push(() => outside.stop())
    const simulation: Simulation = {
      seed,
      network,
      clock: {
        get nowMs() {
          return clock.nowMs
        },
        sleep: ms =>
          clock.sleep(typeof ms === 'number' && currentLife()?.host === test ? misfortunes.waits(ms) : ms),
      },
      random: new Random(seed),
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
      misfortunes: misfortunes.told,
      kept: misfortunes.kept,
      outside: outside.uncontrolled,
      trace: lines => trace.tail(lines),
    }
  } catch (error) {
    throw new SimulationError(error, {
      seed,
      omit,
      virtualMs: clock.nowMs,
      trace,
      misfortunes,
      outside: outside.uncontrolled,
      calledAt: place.userFrames,
    })
  } finally {
    // What still runs there belongs to a world that has ended.
    world.isOver = true
    for (const each of hosts) each.end()
    await outside.settled()
    for (const end of ends.reverse()) end()
  }
}

/** The simulated network is the default for code of the simulation; code outside of it keeps its own. */
function installTransport(test: SimulatedHost): () => void {
  const before = defaultTransport()
  setDefaultTransport(transportOfCaller(test, before))
  return () => setDefaultTransport(before)
}
