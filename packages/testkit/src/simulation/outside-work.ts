// What code of a simulation does outside of it: operations of the process's thread pool, for which virtual time waits,
// and what the simulation cannot make repeat, which is named. It knows Node's resources by their `async_hooks` types.
import { createHook } from 'node:async_hooks'
import { hostNowMs, hostTurn } from '../host'
import { Operations } from '../stacks/node-operations'
import { OpeningPlace, shorten } from '../stacks/opening-place'
import { currentWorld, type World } from './world'

/** What goes on by itself, at a pace of its own. */
const UNCONTROLLED: Readonly<Record<string, string>> = {
  TCPSERVERWRAP: 'a server of the real network',
  TCPWRAP: 'a socket of the real network',
  PIPESERVERWRAP: 'a real local server',
  PIPEWRAP: 'a real local socket or pipe',
  UDPWRAP: 'a UDP socket',
  PROCESSWRAP: 'a child process',
  WORKER: 'a worker thread',
  MESSAGEPORT: 'a message port',
  FSEVENTWRAP: 'a file watcher',
  STATWATCHER: 'a file watcher',
  TLSWRAP: 'TLS, whose keys no seed decides',
  GETADDRINFOREQWRAP: 'a lookup of the real system',
  QUERYWRAP: 'a query of the real DNS',
  RANDOMBYTESREQUEST:
    'real randomness (the function was taken before the simulation began: import node:crypto as a whole)',
  KEYGENREQUEST: 'a key that no seed decides',
  SECRETKEYGENREQUEST: 'a key that no seed decides',
  KEYPAIRGENREQUEST: 'a key that no seed decides',
  RANDOMPRIMEREQUEST: 'a prime that no seed decides',
  Timeout: 'a real timer (the function was taken before the simulation began: import node:timers as a whole)',
}

/** What writes to the terminal, and what loads modules, though a user's code is below. */
const NODES_OWN = /getStd(?:in|out|err)|node:internal\/console|\(node:internal\/modules\/.*hooks/

const LONGEST_END_MS = 5000
/** Turns of the loop in which what has ended may still answer its own close. */
const QUIET_TURNS = 3

/**
 * True where Node's module loader makes a port to ask the hooks of `module.register`, which run in a thread: what is imported is
 * there once it is answered.
 */
function asksLoader(below: (...args: never[]) => void): boolean {
  return new OpeningPlace(below, null).isNodesOwn(/async_hooks/, 'node:internal/modules/')
}

/** Watches one simulation. */
export class OutsideWork {
  readonly #world: World
  readonly #note: (text: string) => void
  /** By async id, with their types. */
  readonly #operations = new Operations<string>()
  readonly #promises = new Map<object, string>()
  readonly #named = new Set<string>()
  readonly #hook: { enable(): unknown; disable(): unknown }

  constructor(world: World, note: (text: string) => void) {
    this.#world = world
    this.#note = note
    const init = (id: number, type: string, _trigger: number, resource: object) => {
      if (type === 'PROMISE' || type === 'TickObject' || currentWorld() !== world) return
      this.#made(id, type, resource, init)
    }
    const options = {
      init,
      before: (id: number) => this.#operations.before(id),
      destroy: (id: number) => this.#operations.delete(id),
      // Promises are many, and none is looked at.
      trackPromises: false,
    }
    this.#hook = createHook(options)
  }

  start(): void {
    this.#hook.enable()
  }

  stop(): void {
    this.#hook.disable()
  }

  /** Something is under way that virtual time waits for. */
  get isPending(): boolean {
    return this.#operations.all().size > 0 || this.#promises.size > 0
  }

  /**
   * Resolves once what is under way has ended, and a few turns of the loop later, so that what follows from it still finds the
   * functions of the simulation, which do nothing any more; after five seconds of real time whatever happens.
   */
  async settled(): Promise<void> {
    const deadline = hostNowMs() + LONGEST_END_MS
    for (let quietTurns = 0; quietTurns < QUIET_TURNS && hostNowMs() < deadline; quietTurns++) {
      await hostTurn()
      if (this.isPending) quietTurns = 0
    }
  }

  /** Virtual time waits until that promise is settled. Returns it. */
  until<T>(name: string, promise: Promise<T>): Promise<T> {
    const over = () => void this.#promises.delete(promise)
    this.#promises.set(promise, name)
    promise.then(over, over)
    return promise
  }

  /** What is under way, by Node's names. */
  get pending(): readonly string[] {
    return [...new Set([...this.#operations.all().values(), ...this.#promises.values()])]
  }

  /** What was used that does not repeat, each with its place. */
  get uncontrolled(): readonly string[] {
    return [...this.#named]
  }

  #made(id: number, type: string, resource: object, below: (...args: never[]) => void): void {
    if (type === 'MESSAGEPORT' && asksLoader(below)) this.#operations.add(id, type)
    else this.#operations.made(id, type, resource, () => type)
    if (Object.hasOwn(UNCONTROLLED, type)) this.#name(type, below)
  }

  #name(type: string, below: (...args: never[]) => void): void {
    if (this.#world.isOver) return
    const place = new OpeningPlace(below, null)
    if (place.opener !== 'user' || place.mentions(NODES_OWN)) return
    // The ports of a worker are a part of it.
    if (type !== 'WORKER' && place.mentions(/new Worker \(/)) return
    // Timers of Node's own modules, of node:http for one, are real, and decide nothing but its time-outs.
    if (type === 'Timeout' && place.isNodesOwn(/node:(?:internal\/)?(?:timers|async_hooks)/)) return
    const text = `${UNCONTROLLED[type]}, at ${shorten(place.userFrames[0] ?? '')}`
    if (this.#named.has(text)) return
    this.#named.add(text)
    this.#note(`outside: ${text}`)
  }
}
