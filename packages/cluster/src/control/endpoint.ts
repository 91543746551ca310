// Requests, replies and notices between a primary and one worker, over the IPC channel that fork() makes. It knows
// the envelope, and nothing of what the messages mean.
import type { ChildProcess } from 'node:child_process'

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

type Reply<Body> = (body: Body, handle?: unknown) => void
type Received<Body> = (body: Body, reply: Reply<Body>, handle: unknown) => void

/** What both a ChildProcess and `process` in a child have. */
export type IpcProcess = Pick<ChildProcess, 'on' | 'send' | 'connected'> | NodeJS.Process

export class ControlEndpoint<Out, In> {
  readonly #process: IpcProcess
  readonly #waiting = new Map<number, (body: In, handle: unknown) => void>()
  #seq = 0

  constructor(process: IpcProcess, receive: Received<In | Out>) {
    this.#process = process
    const listen = process.on as (
      event: string,
      listener: (message: unknown, handle: unknown) => void,
    ) => unknown
    listen.call(process, 'internalMessage', (message, handle) => {
      if (!isEnvelope<In>(message)) return
      if (message.ack !== undefined) {
        const done = this.#waiting.get(message.ack)
        this.#waiting.delete(message.ack)
        done?.(message.body, handle)
        return
      }
      const { seq } = message
      receive(
        message.body,
        (body, replyHandle) => {
          if (seq !== undefined) this.#send({ cmd: COMMAND, body: body as Out, ack: seq }, replyHandle)
        },
        handle,
      )
    })
  }

  /** Sends without waiting. False where the channel is closed. */
  notify(body: Out, handle?: unknown): boolean {
    return this.#send({ cmd: COMMAND, body }, handle)
  }

  /** Sends and calls `done` with the reply. Where the channel is closed, or closes first, `done` is not called. */
  request(body: Out, done: (body: In, handle: unknown) => void, handle?: unknown): boolean {
    const seq = ++this.#seq
    this.#waiting.set(seq, done)
    return this.#send({ cmd: COMMAND, body, seq }, handle)
  }

  #send(envelope: Envelope<Out>, handle?: unknown): boolean {
    if (!this.#process.connected) return false
    // The callback takes the error of a channel that breaks while we send; 'disconnect' tells the rest.
    const send = this.#process.send as (
      message: unknown,
      handle: unknown,
      options: unknown,
      done: () => void,
    ) => boolean
    return send.call(this.#process, envelope, handle, handle ? { keepOpen: true } : undefined, () => {})
  }
}

function isEnvelope<Body>(message: unknown): message is Envelope<Body> {
  return typeof message === 'object' && message !== null && (message as Envelope<Body>).cmd === COMMAND
}
