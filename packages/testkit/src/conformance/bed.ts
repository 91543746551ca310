// What a conformance test stands on: the two transports, fresh addresses, connected pairs, and the closing of all
// that it opened. It asserts nothing of a transport beyond that connecting works.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import {
  type AcceptSink,
  type Address,
  type BindFlags,
  errnoName,
  type ListenerHandle,
  type Status,
  type StreamHandle,
  type Transport,
} from '@x/core/transport'
import { kindOf, type Role, type Variant } from './variant'

interface Closable {
  close(done?: () => void): void
}

export interface Pair {
  /** The end that belongs to the transport under test. */
  readonly mine: StreamHandle
  readonly theirs: StreamHandle
}

export interface Listening {
  readonly listener: ListenerHandle
  readonly at: Address
}

/** Modules that provide the same transports in another process; see `SuiteOptions`. */
export interface Modules {
  readonly subject: string
  readonly peer: string
}

/** Thrown by a test that finds that it cannot be run here; its message is the reason. */
export class Skipped extends Error {}

let names = 0

export class Bed {
  readonly subject: Transport
  readonly peer: Transport
  readonly variant: Variant
  readonly role: Role
  readonly #modules: Modules | null
  #open: Closable[] = []
  #folder: string | null = null

  constructor(subject: Transport, peer: Transport, variant: Variant, role: Role, modules: Modules | null) {
    this.subject = subject
    this.peer = peer
    this.variant = variant
    this.role = role
    this.#modules = modules
  }

  get kind() {
    return kindOf(this.variant)
  }

  get modules(): Modules {
    if (this.#modules === null) throw new Error('no module was given for another process')
    return this.#modules
  }

  /** Ends the test as one that cannot be run here. */
  skip(reason: string): never {
    throw new Skipped(reason)
  }

  /** Closes the handle when the test is over, whatever its outcome. */
  own<T extends Closable>(handle: T): T {
    this.#open.push(handle)
    return handle
  }

  stream(transport = this.subject): StreamHandle {
    return this.own(transport.stream(this.kind))
  }

  listener(transport = this.subject): ListenerHandle {
    return this.own(transport.listener(this.kind))
  }

  /** An address that a listener can bind: the system chooses the port; names and files are new. */
  address(): Address {
    if (this.variant === 'tcp4') return { family: 'IPv4', address: '127.0.0.1', port: 0 }
    if (this.variant === 'tcp6') return { family: 'IPv6', address: '::1', port: 0 }
    const name = `x-conformance-${process.pid}-${++names}`
    return { path: this.variant === 'abstract' ? `\0${name}` : path.join(this.folder(), `${names}.sock`) }
  }

  folder(): string {
    this.#folder ??= mkdtempSync(path.join(tmpdir(), 'x-conformance-'))
    return this.#folder
  }

  /** Listens; rejects if that fails. */
  async listen(
    transport: Transport,
    accept: AcceptSink,
    at = this.address(),
    flags?: BindFlags,
  ): Promise<Listening> {
    const listener = this.listener(transport)
    const bound = listener.bind(at, flags)
    const status = bound < 0 ? bound : await outcome(done => listener.listen(511, accept, done))
    if (status < 0) throw new Error(`listen: ${errnoName(status)}`)
    const name = listener.sockname()
    if (typeof name === 'number') throw new Error(`sockname: ${errnoName(name)}`)
    return { listener, at: name }
  }

  async connect(transport: Transport, at: Address): Promise<StreamHandle> {
    const stream = this.stream(transport)
    const status = await outcome(done => stream.connect(at, done))
    if (status < 0) throw new Error(`connect: ${errnoName(status)}`)
    return stream
  }

  /** Several connected pairs over one listener, in the order of their connecting. */
  async pairs(count: number): Promise<Pair[]> {
    const isConnecting = this.role === 'connects'
    const [near, far] = isConnecting ? [this.subject, this.peer] : [this.peer, this.subject]
    let accepted = (_stream: StreamHandle) => {}
    const { listener, at } = await this.listen(far, (_status, stream) => {
      if (stream !== null) accepted(this.own(stream))
    })
    const pairs: Pair[] = []
    for (let index = 0; index < count; index++) {
      const accepting = new Promise<StreamHandle>(resolve => {
        accepted = resolve
      })
      const [connected, other] = await Promise.all([this.connect(near, at), accepting])
      pairs.push(isConnecting ? { mine: connected, theirs: other } : { mine: other, theirs: connected })
    }
    await closed(listener)
    return pairs
  }

  async pair(): Promise<Pair> {
    const [pair] = await this.pairs(1)
    return pair!
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#open.map(closed))
    this.#open = []
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** What came of an operation in the end: what it answered, or where that was 0 what `done` said. */
export function outcome(call: (done: (status: Status) => void) => Status): Promise<Status> {
  return new Promise(resolve => {
    const answer = call(status => resolve(status))
    if (answer !== 0) resolve(answer)
  })
}

export function closed(handle: Closable): Promise<void> {
  return new Promise(resolve => handle.close(resolve))
}

/**
 * Lets the event loop go round often enough that whatever was under way on this machine has been heard of: over
 * loopback, bytes are with the peer's kernel once `write` has returned.
 */
export async function settle(turns = 12): Promise<void> {
  for (let index = 0; index < turns; index++) await turn()
}
