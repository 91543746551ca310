// The connections of a server as an async iterator with a bound. It accepts nothing itself.
import { validateInteger } from '../errors/validate'
import type { Socket } from '../socket/index'
import { dropTeller } from './accept'
import { kServer, type StatefulServer } from './state'

/** Options of `connections`. */
export interface ConnectionsOptions {
  /** How many connections may wait to be taken, from 1. Default 128. */
  readonly limit?: number | undefined
}

const DEFAULT_LIMIT = 128

type Step = IteratorResult<Socket, undefined>

/**
 * Iterates over a server's connections: `for await (const socket of connections(server))`. It ends when the server
 * closes, and throws what the server emits as 'error', but for a shortage of descriptors, which is waited out. To leave the
 * loop closes the server.
 *
 * At most `limit` connections wait to be taken. Beyond that the server stops accepting, and further ones wait in the
 * system's backlog; where the transport cannot do that (`pause` answers `UV_ENOTSUP`), they are closed and told as 'drop'.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` for a limit that is no whole number from 1.
 */
export function connections(
  server: StatefulServer,
  options: ConnectionsOptions = {},
): AsyncIterableIterator<Socket> {
  const { limit = DEFAULT_LIMIT } = options
  validateInteger(limit, 'options.limit', 1)
  return new Connections(server, limit)
}

class Connections implements AsyncIterableIterator<Socket, undefined> {
  readonly #server: StatefulServer
  readonly #limit: number
  readonly #queue: Socket[] = []
  readonly #takers: { resolve(step: Step): void; reject(error: Error): void }[] = []
  #error: Error | null = null
  #isDone = false
  #isPaused = false

  readonly #heard = (socket: Socket): void => this.#offer(socket)
  readonly #failed = (error: Error): void => {
    // A shortage of descriptors: accepting goes on by itself.
    if ((error as NodeJS.ErrnoException | null)?.syscall !== 'accept') this.#end(error)
  }
  readonly #closed = (): void => this.#end(null)

  constructor(server: StatefulServer, limit: number) {
    this.#server = server
    this.#limit = limit
    server[kServer].iterations.add(this)
    server.on('connection', this.#heard)
    server.on('error', this.#failed)
    server.on('close', this.#closed)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step> {
    const socket = this.#queue.shift()
    if (socket !== undefined) {
      socket.removeListener('error', ignore)
      this.#setPaused(false)
      return Promise.resolve({ done: false, value: socket })
    }
    if (this.#error !== null) {
      const error = this.#error
      this.#error = null
      return Promise.reject(error)
    }
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
  }

  return(): Promise<Step> {
    this.#end(null)
    for (const socket of this.#queue.splice(0)) socket.destroy()
    if (this.#server[kServer].isOpen) this.#server.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  #offer(socket: Socket): void {
    const taker = this.#takers.shift()
    if (taker !== undefined) return taker.resolve({ done: false, value: socket })
    // Those that a drain accepts last are bounded by the backlog.
    if (this.#queue.length >= this.#limit && this.#server[kServer].drain === null) {
      const tell = dropTeller(this.#server, socket, 'max-waiting')
      socket.destroy()
      tell()
      return
    }
    // Nobody has it yet: what befalls it until then is nobody's error, and whoever takes it finds it destroyed.
    socket.on('error', ignore)
    this.#queue.push(socket)
    if (this.#queue.length >= this.#limit) this.#setPaused(true)
  }

  #setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return
    this.#isPaused = isPaused
    const { gate } = this.#server[kServer]
    if (isPaused) gate.hold(this)
    else gate.release(this)
  }

  #end(error: Error | null): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#setPaused(false)
    this.#server[kServer].iterations.delete(this)
    this.#server.removeListener('connection', this.#heard)
    this.#server.removeListener('error', this.#failed)
    this.#server.removeListener('close', this.#closed)
    const [first, ...others] = this.#takers.splice(0)
    if (error !== null && first !== undefined) first.reject(error)
    else {
      this.#error = error
      first?.resolve({ done: true, value: undefined })
    }
    for (const taker of others) taker.resolve({ done: true, value: undefined })
  }
}

function ignore(): void {}
