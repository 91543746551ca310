// Reads a PROXY header off an accepted stream before anybody else reads from it. It knows no server and no socket.
import { UV_ECANCELED } from '../errors/errno'
import type { Clock, ReadSink, Status, StreamHandle, Timer } from '../transport/contract'
import type { ProxyHeader } from './header'
import type { ProxyRules } from './options'
import { parseProxyHeader } from './parse'

/** How reading ended: the header with the bytes that came behind it, or what was wrong. */
export type HeaderOutcome =
  | { readonly header: ProxyHeader; readonly rest: Buffer }
  | { readonly problem: string; readonly isLate: boolean }

export class HeaderReader implements ReadSink {
  readonly stream: StreamHandle
  readonly #clock: Clock
  readonly #maxBytes: number
  readonly #done: (outcome: HeaderOutcome) => void
  #timer: Timer | null
  #bytes: Buffer = Buffer.alloc(0)
  #isOver = false

  constructor(stream: StreamHandle, clock: Clock, rules: ProxyRules, done: (outcome: HeaderOutcome) => void) {
    this.stream = stream
    this.#clock = clock
    this.#maxBytes = rules.maxBytes
    this.#done = done
    this.#timer = clock.setTimeout(() => this.#fail('has not come in time', true), rules.timeoutMs)
    this.#timer.unref()
  }

  /** Below 0 where the stream cannot be read; nothing is told then. */
  start(): Status {
    const status = this.stream.readStart(this)
    if (status < 0) this.#stop()
    return status
  }

  /** Reads no more: the server gives the connection up. */
  cancel(): void {
    this.#fail('has not come before the server ended', true)
  }

  onData(chunk: Buffer): void {
    if (this.#isOver) return
    // A header is short, and a proxy sends it at once: it is joined once or twice.
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const parsed = parseProxyHeader(this.#bytes, this.#maxBytes)
    if (parsed === null) return
    if ('problem' in parsed) return this.#fail(parsed.problem, false)
    this.#stop()
    this.stream.readStop()
    this.#done({ header: parsed, rest: this.#bytes.subarray(parsed.byteLength) })
  }

  onEnd(): void {
    this.#fail('is cut off by the end of the connection', false)
  }

  onError(status: Status): void {
    if (status !== UV_ECANCELED) this.#fail('is cut off by a failure of the connection', false)
  }

  #fail(problem: string, isLate: boolean): void {
    if (this.#isOver) return
    this.#stop()
    this.#done({ problem, isLate })
  }

  #stop(): void {
    this.#isOver = true
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
  }
}
