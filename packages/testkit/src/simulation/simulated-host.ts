// A host of a simulated network: addresses, a stack, and the lives of the software that runs there. It knows neither
// links nor time.
import { codedError, validateFunction, validateString } from '@x/core/internal'
import type { Transport } from '@x/core/transport'
import { optionsOf, validateAddress, validateList } from '../arguments'
import { testkitError } from '../errors'
import type { Stack } from '../network/stack'
import type { Misfortunes } from './misfortunes'
import type { Trace } from './trace'
import { type HostLife, runInLife } from './world'

/** What runs on a host from its start, and again after each restart. */
export type HostMain = (host: SimulatedHost) => unknown

/** How a host is made. */
export interface HostOptions {
  /** Addresses, IPv4 or IPv6. Default: the next of 10.0.0.1, 10.0.0.2 and so on. */
  addresses?: readonly string[]
  /** Runs at once, and again after each `restart`. Default: nothing. */
  main?: HostMain
}

/** What `host()` was given, checked. */
export function readHostOptions(name: unknown, given: HostMain | HostOptions | undefined): HostOptions {
  validateString(name, 'name')
  if (name === '') throw codedError('ERR_INVALID_ARG_VALUE', 'name', name, 'is empty')
  const options = typeof given === 'function' ? { main: given } : optionsOf(given)
  const { addresses, main } = options
  if (addresses !== undefined) validateList(addresses, 'options.addresses', validateAddress)
  if (main !== undefined) validateFunction(main, 'options.main')
  return options
}

/** What a host needs of its simulation. */
export interface HostSurroundings {
  readonly trace: Trace
  readonly misfortunes: Misfortunes
  fail(error: unknown): void
}

/** A host of a simulation. */
export class SimulatedHost {
  readonly name: string
  readonly addresses: readonly string[]
  readonly #stack: Stack
  readonly #main: HostMain | undefined
  readonly #trace: Trace
  readonly #misfortunes: Misfortunes
  readonly #fail: (error: unknown) => void
  #life: HostLife

  /** Made by `host()` of a simulation. */
  constructor(
    stack: Stack,
    main: HostMain | undefined,
    simulation: HostSurroundings,
    onMade: (host: SimulatedHost) => void,
  ) {
    this.name = stack.host
    this.addresses = stack.addresses
    this.#stack = stack
    this.#main = main
    this.#trace = simulation.trace
    this.#misfortunes = simulation.misfortunes
    this.#fail = simulation.fail
    this.#life = { isOver: false, host: this }
    this.#trace.note(`${this.name} starts, ${this.addresses.join(' ')}`)
    onMade(this)
    this.#start()
  }

  /** The first of its addresses. */
  get address(): string {
    return this.addresses[0] ?? '127.0.0.1'
  }

  /** The network as this host sees it. Code that runs on the host has it as its default transport. */
  get transport(): Transport {
    return this.#stack
  }

  /** False between `crash` or `kill` and `restart`. */
  get isUp(): boolean {
    return !this.#life.isOver
  }

  /** Listeners and streams that are open on this host. */
  get openHandles(): number {
    return this.#stack.openHandles
  }

  /** Runs code on this host: its sockets, servers, names and timers are the host's. Throws `ERR_X_HOST_DOWN` if it is down. */
  run<T>(code: () => T): T {
    validateFunction(code, 'code')
    if (!this.isUp) throw testkitError('ERR_X_HOST_DOWN', this.name)
    return runInLife(this.#life, code)
  }

  /** Power loss: everything on this host stops at once, without notifying peers. */
  crash(): void {
    if (this.#stack.isPowered && this.#misfortunes.befall(`crash of ${this.name}`)) this.end()
  }

  /** The process is killed: what runs here stops at once, and the system ends or resets its connections. */
  kill(): void {
    if (this.isUp && this.#misfortunes.befall(`kill of ${this.name}`)) this.#kill()
  }

  /** Starts the software again, after `crash` or `kill`; a host that is up is killed first. */
  restart(): void {
    if (this.isUp) {
      if (!this.#misfortunes.befall(`restart of ${this.name}`)) return
      this.#kill()
    }
    this.#trace.note(`${this.name} restarts`)
    this.#stack.isPowered = true
    this.#life = { isOver: false, host: this }
    this.#start()
  }

  /** The simulation ends, and the host with it. */
  end(): void {
    this.#trace.note(`${this.name} crashes`)
    this.#life.isOver = true
    this.#stack.crash()
  }

  #kill(): void {
    this.#trace.note(`${this.name} is killed`)
    this.#life.isOver = true
    this.#stack.kill()
  }

  #start(): void {
    const main = this.#main
    if (!main || !this.#misfortunes.starts(this.name)) return
    const life = this.#life
    const fail = (error: unknown) => {
      if (!life.isOver) this.#fail(error)
    }
    this.run(async () => main(this)).catch(fail)
  }
}
