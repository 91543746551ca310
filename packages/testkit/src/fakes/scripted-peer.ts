// The other end of a connection, played by a test: it expects bytes and sends bytes. It knows one socket; where that
// comes from is its maker's part.
import { createServer, type Server, type Socket } from '@x/core'
import { validateNumber } from '@x/core/internal'
import type { Transport } from '@x/core/transport'
import { optionsOf, validatePlace, validateTransport } from '../arguments'
import { LONGEST_DELAY_MS } from '../faults/action'
import type { Place } from '../faults/fault-proxy'
import { memoryNetwork } from '../memory/memory-network'
import { startTimer } from '../simulation/own-time'
import { OpeningPlace, showAt } from '../stacks/opening-place'
import { describeDifference, firstDifference, printable } from './bytes-diff'
import { type Listening, listening } from './listening'

/** A peer that got something else than its script says, or nothing. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
}

/** How long an expectation waits. */
const PATIENCE_MS = 5000

/** Infinity: for ever. */
function validatePatience(ms: unknown): void {
  if (ms !== Number.POSITIVE_INFINITY) validateNumber(ms, 'options.patienceMs', 0, LONGEST_DELAY_MS)
}

/** One end of a connection, played step by step. */
export class ScriptedPeer {
  readonly socket: Socket
  readonly #patienceMs: number
  #received: Buffer = Buffer.alloc(0)
  #hasEnded = false
  #error: Error | null = null
  /** The last expectation: each begins when the one before is over. */
  #turn: Promise<unknown> = Promise.resolve()
  #wake: () => void = () => {}

  /** @param options `patienceMs` that an expectation waits (default 5000) */
  constructor(socket: Socket, options?: { patienceMs?: number }) {
    const { patienceMs = PATIENCE_MS } = optionsOf(options)
    validatePatience(patienceMs)
    this.socket = socket
    this.#patienceMs = patienceMs
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('end', () => this.#over(null))
    socket.on('error', error => this.#over(error))
    socket.on('close', () => this.#over(null))
  }

  /** Bytes that have arrived and were not yet expected. */
  get pending(): Buffer {
    return this.#received
  }

  /**
   * Waits for exactly these bytes. A regular expression is matched against the received bytes from their beginning,
   * as Latin-1 text. Resolves with the bytes; rejects with a `ScriptError` as soon as other bytes come, the
   * connection ends, or nothing comes for too long. Later bytes wait for the next expectation; several that are asked
   * for at once are met one after the other.
   */
  expect(expected: string | Uint8Array | RegExp): Promise<Buffer> {
    return this.#inTurn(this.expect, () =>
      expected instanceof RegExp ? this.#expectMatch(expected) : this.#expectBytes(expected),
    )
  }

  async #expectBytes(expected: string | Uint8Array): Promise<Buffer> {
    const wanted = Buffer.from(expected as Uint8Array)
    await this.#until(
      () => {
        const length = firstDifference(wanted, this.#received)
        if (length === wanted.length) return true
        if (length < this.#received.length) throw this.#differs(wanted, 'something else came')
        return false
      },
      why => this.#differs(wanted, why),
    )
    return this.#take(wanted.length)
  }

  /** Waits for the peer's end, with nothing before it. */
  expectEnd(): Promise<void> {
    return this.#inTurn(this.expectEnd, () =>
      this.#until(
        () => {
          if (this.#received.length > 0)
            throw this.#differs(Buffer.alloc(0), 'bytes came in place of the end')
          return this.#hasEnded && !this.#error
        },
        why => new ScriptError(`expected the end, but ${why}`),
      ),
    )
  }

  /** Waits for the peer's reset (`ECONNRESET`), with nothing before it. */
  expectReset(): Promise<void> {
    return this.#inTurn(this.expectReset, () =>
      this.#until(
        () => {
          if (this.#received.length > 0)
            throw this.#differs(Buffer.alloc(0), 'bytes came in place of the reset')
          return (this.#error as NodeJS.ErrnoException | null)?.code === 'ECONNRESET'
        },
        why => new ScriptError(`expected a reset, but ${why}`),
      ),
    )
  }

  /** Sends bytes. Resolves once the system has them. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, error => (error ? reject(error) : resolve()))
    })
  }

  /** Ends this side; the other may go on. */
  end(): void {
    this.socket.end()
  }

  /** Closes the connection. */
  close(): void {
    this.socket.destroy()
  }

  /** Resets the connection: the other side sees `ECONNRESET`. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** `asked`: the method that was called, for the place in an error. */
  #inTurn<T>(asked: (...args: never[]) => unknown, expectation: () => Promise<T>): Promise<T> {
    const place = new OpeningPlace(asked, null)
    const outcome = this.#turn.then(expectation).catch((error: unknown) => {
      if (error instanceof ScriptError) showAt(error, place.userFrames)
      throw error
    })
    this.#turn = outcome.catch(() => {})
    return outcome
  }

  async #expectMatch(expected: RegExp): Promise<Buffer> {
    const anchored = new RegExp(`^(?:${expected.source})`, expected.flags.replace(/[gy]/g, ''))
    let length = 0
    await this.#until(
      () => {
        const match = anchored.exec(this.#received.toString('latin1'))
        length = match?.[0].length ?? 0
        return match !== null
      },
      why => new ScriptError(`expected ${expected}, but ${why}; there was "${printable(this.#received)}"`),
    )
    return this.#take(length)
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return taken
  }

  #differs(wanted: Buffer, why: string): ScriptError {
    return new ScriptError(`${why}: ${describeDifference(wanted, this.#received)}`)
  }

  #over(error: Error | null): void {
    this.#hasEnded = true
    this.#error ??= error
    this.#wake()
  }

  async #until(isMet: () => boolean, fail: (why: string) => ScriptError): Promise<void> {
    let isLate = false
    const stopTimer = startTimer(this.#patienceMs, () => {
      isLate = true
      this.#wake()
    })
    try {
      while (!isMet()) {
        if (this.#error) throw fail(`the connection failed (${this.#error.message})`)
        if (this.#hasEnded) throw fail('the connection ended')
        if (isLate) throw fail(`nothing more came within ${this.#patienceMs} ms`)
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      }
    } finally {
      stopTimer()
    }
  }
}

/** A server whose connections are played by a test. */
export interface ScriptedServer extends Listening {
  /** The network it is on, in memory unless another was given. */
  readonly transport: Transport
  /**
   * The next connection, including one that has arrived and was not yet taken; each goes to one caller, in the order
   * of the calls. Rejects with a `ScriptError` if none comes for too long (`patienceMs`), and once the server is
   * closed.
   */
  accept(): Promise<ScriptedPeer>
}

/** Connections that came, and callers that wait for one: never both. */
class AcceptQueue {
  readonly #patienceMs: number
  readonly #peers: ScriptedPeer[] = []
  readonly #callers: { resolve(peer: ScriptedPeer): void; reject(error: ScriptError): void }[] = []
  #isClosed = false

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  push(peer: ScriptedPeer): void {
    const caller = this.#callers.shift()
    if (caller) caller.resolve(peer)
    else this.#peers.push(peer)
  }

  take(): Promise<ScriptedPeer> {
    const peer = this.#peers.shift()
    if (peer) return Promise.resolve(peer)
    if (this.#isClosed) return Promise.reject(new ScriptError('expected a client, but the server is closed'))
    const place = new OpeningPlace(this.take, null)
    return new Promise((resolve, reject) => {
      const stopTimer = startTimer(this.#patienceMs, () => {
        this.#callers.splice(this.#callers.indexOf(caller), 1)
        caller.reject(new ScriptError(`expected a client, but none came within ${this.#patienceMs} ms`))
      })
      const caller = {
        resolve: (peer: ScriptedPeer) => {
          stopTimer()
          resolve(peer)
        },
        reject: (error: ScriptError) => {
          stopTimer()
          showAt(error, place.userFrames)
          reject(error)
        },
      }
      this.#callers.push(caller)
    })
  }

  close(): void {
    this.#isClosed = true
    this.#peers.length = 0
    for (const caller of this.#callers.splice(0)) {
      caller.reject(new ScriptError('expected a client, but the server was closed'))
    }
  }
}

/**
 * Listens for clients that a test plays the server for.
 *
 * @param options `transport` whose network (default: an in-memory one of its own), `listen` where (default: port 0 of
 * 127.0.0.1), `patienceMs` that expectations wait (default 5000)
 * @example
 * await using server = await scriptedServer()
 * const client = connect({ port: server.port, transport: server.transport })
 * const peer = await server.accept()
 * await peer.expect('PING\r\n')
 */
export async function scriptedServer(options?: {
  transport?: Transport
  listen?: Place
  patienceMs?: number
}): Promise<ScriptedServer> {
  const { transport = memoryNetwork(), listen, patienceMs = PATIENCE_MS } = optionsOf(options)
  validateTransport(transport, 'options.transport')
  if (listen !== undefined) validatePlace(listen, 'options.listen')
  validatePatience(patienceMs)
  const peers = new Set<ScriptedPeer>()
  const queue = new AcceptQueue(patienceMs)
  const server: Server = createServer({ transport, allowHalfOpen: true }, socket => {
    const peer = new ScriptedPeer(socket, { patienceMs })
    peers.add(peer)
    socket.once('close', () => peers.delete(peer))
    queue.push(peer)
  })
  const at = await listening(server, listen, () => {
    queue.close()
    for (const peer of peers) peer.close()
  })
  return { ...at, transport, accept: () => queue.take() }
}
