// Requests, replies and notices between a primary and one worker, over the IPC channel that fork() makes. It knows the
// envelope, and nothing of what the messages mean.
import type { ChildProcess, SendHandle } from 'node:child_process'

/**
 * Messages whose `cmd` begins with `NODE_` reach 'internalMessage' instead of 'message'
 * (https://nodejs.org/api/process.html#event-message), so that a program never sees ours among its own.
 */
const COMMAND = 'NODE_X_CLUSTER'

interface Envelope<Body> {
  readonly cmd: typeof COMMAND
  readonly body: Body
  /** Set where the sender waits for a reply. */
  readonly seq?: number
  /** Set in a reply: the `seq` that it answers. */
  readonly ack?: number
}

/** What both a ChildProcess and `process` in a child have. */
export type IpcProcess = Pick<ChildProcess, 'on' | 'send' | 'connected'> | NodeJS.Process

/** Sends a reply; false where the channel is closed. */
export type Reply<Out> = (body: Out, handle?: unknown) => boolean

/** Who hears what comes. The other side is not trusted: bodies are whatever it sent. */
export interface ControlSink<Out> {
  message(body: unknown, reply: Reply<Out>, handle: unknown): void
  /** A reply to nothing that was asked, an envelope with wrong numbers, or more questions than answers are read of. */
  wrong(what: string): void
}

type Waiting = (body: unknown, handle: unknown) => void

export class ControlEndpoint<Out> {
  readonly #process: IpcProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #sink: ControlSink<Out>
  readonly #mostUnsent: number
  #seq = 0
  #unsent = 0

  /** `mostUnsent`: messages that may wait here because the other side does not read. */
  constructor(process: IpcProcess, sink: ControlSink<Out>, mostUnsent: number = Number.POSITIVE_INFINITY) {
    this.#process = process
    this.#mostUnsent = mostUnsent
    this.#sink = sink
    const listen = process.on as (
      event: string,
      listener: (message: unknown, handle: unknown) => void,
    ) => unknown
    listen.call(process, 'internalMessage', (message, handle) => {
      if (isEnvelope(message)) this.#receive(message, handle)
    })
  }

  /** Sends without waiting for a reply. False where the channel is closed. `failed`: the system did not take it. */
  notify<Body extends Out>(body: Body, handle?: unknown, failed?: (body: Body) => void): boolean {
    return this.#send({ cmd: COMMAND, body }, handle, failed as ((body: Out) => void) | undefined)
  }

  /**
   * Sends and calls `done` with the reply. Where the channel is closed, or closes first, `done` is not called. False where
   * it is closed now.
   */
  request(body: Out, done: Waiting): boolean {
    const seq = ++this.#seq
    const isSent = this.#send({ cmd: COMMAND, body, seq })
    if (isSent) this.#waiting.set(seq, done)
    return isSent
  }

  #receive({ seq, ack, body }: Envelope<unknown>, handle: unknown): void {
    if (ack !== undefined) {
      const done = this.#waiting.get(ack)
      if (!done) return this.#sink.wrong('a reply to nothing that was asked')
      this.#waiting.delete(ack)
      return done(body, handle)
    }
    if (seq !== undefined && !Number.isSafeInteger(seq)) return this.#sink.wrong("a wrong 'seq'")
    const reply: Reply<Out> = (answer, answerHandle) =>
      seq !== undefined && this.#send({ cmd: COMMAND, body: answer, ack: seq }, answerHandle)
    this.#sink.message(body, reply, handle)
  }

  #send(envelope: Envelope<Out>, handle?: unknown, failed?: (body: Out) => void): boolean {
    const { connected } = this.#process
    if (!connected) return false
    if (this.#unsent >= this.#mostUnsent) {
      this.#sink.wrong('more questions than it reads answers of')
      return false
    }
    const send = this.#process.send as (
      message: unknown,
      handle: SendHandle | undefined,
      options: { keepOpen?: boolean } | undefined,
      done: (error: Error | null) => void,
    ) => boolean
    this.#unsent++
    try {
      // The callback takes the error of a channel that breaks meanwhile; 'disconnect' tells the rest.
      send.call(
        this.#process,
        envelope,
        handle as SendHandle | undefined,
        handle ? { keepOpen: true } : undefined,
        error => {
          this.#unsent--
          if (error) failed?.(envelope.body)
        },
      )
      return true
    } catch {
      this.#unsent--
      return false // the channel closed in this moment, or the handle did
    }
  }
}

function isEnvelope(message: unknown): message is Envelope<unknown> {
  return typeof message === 'object' && message !== null && (message as Envelope<unknown>).cmd === COMMAND
}
