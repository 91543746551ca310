// The link between a primary and one worker: frames with their descriptors over a handoff channel. It owns what
// arrives until it has given it on, and closes what nobody takes.
import { type HandoffChannel, type Status, type Transport, UV_EPIPE } from '@x/core/transport'
import { descriptorsOf, encodeFrame, FrameReader, type LinkFrame } from './frame'

/** A handoff channel's limit of descriptors in one message (SCM_MAX_FD, unix(7)). */
export const MAX_DESCRIPTORS = 253

export interface LinkReceiver {
  /** A frame and the descriptors that belong to it, the receiver's from now on. */
  frame(frame: LinkFrame, fds: number[]): void
  /** The other side is gone. Told once. */
  gone(): void
}

export class Link {
  readonly #channel: HandoffChannel
  readonly #transport: Transport
  readonly #frames = new FrameReader()
  readonly #receiver: LinkReceiver
  #fds: number[] = []
  #pending: LinkFrame[] = []
  #open = true

  constructor(transport: Transport, channel: HandoffChannel, receiver: LinkReceiver) {
    this.#transport = transport
    this.#channel = channel
    this.#receiver = receiver
    channel.receive({
      onMessage: (data, fds) => this.#onMessage(data, fds),
      onEnd: () => this.#onGone(),
      onError: () => this.#onGone(),
    })
  }

  /** Gives on inside this call what has arrived by now. */
  receiveNow(): void {
    if (this.#open) this.#channel.receiveNow()
  }

  /**
   * Sends a frame. `sent` is called once the system has it (the descriptors may then be closed), `failed` with why it never
   * will; either in a later turn.
   */
  send(frame: LinkFrame, fds: readonly number[], failed?: (status: Status) => void, sent?: () => void): void {
    const settle = (status: Status): void => {
      if (status < 0) failed?.(status)
      else sent?.()
    }
    const status = this.#open ? this.#channel.send(encodeFrame(frame), fds, settle) : UV_EPIPE
    if (status < 0 ? failed : status > 0 && sent) setImmediate(settle, status)
  }

  ref(): void {
    this.#channel.ref()
  }

  unref(): void {
    this.#channel.unref()
  }

  close(): void {
    this.#open = false
    this.#channel.close()
    this.#drop()
  }

  #onMessage(data: Buffer, fds: readonly number[]): void {
    this.#fds.push(...fds)
    this.#pending.push(...this.#frames.push(data))
    while (this.#pending.length > 0) {
      const need = descriptorsOf(this.#pending[0] as LinkFrame)
      if (this.#fds.length < need) return // its descriptors come with the next message
      const frame = this.#pending.shift() as LinkFrame
      this.#receiver.frame(frame, this.#fds.splice(0, need))
    }
  }

  #onGone(): void {
    if (!this.#open) return
    this.close()
    this.#receiver.gone()
  }

  #drop(): void {
    this.#transport.descriptors?.close(this.#fds)
    this.#fds = []
    this.#pending = []
  }
}
