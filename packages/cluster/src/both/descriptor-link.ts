// The link between a primary and one worker: frames and their descriptors over a handoff channel. It says which descriptors
// belong to which frame, and closes what belongs to none.
import { type DescriptorOperations, type HandoffChannel, type Status, UV_EPIPE } from '@x/core/transport'
import { encodeFrame, type Frame, FrameReader } from './frame'
import { setImmediate } from './host'

export interface LinkSink {
  /**
   * A frame and its descriptors, the receiver's from now on. Null: the frame carried descriptors and they were lost on the
   * way, since this process had none left (`MSG_CTRUNC`, recvmsg(2)).
   */
  frame(frame: Frame, fds: readonly number[] | null): void
  /** Nothing more comes: the other side has ended, or it sent bytes that are no frame (`wrong` says what). Told once. */
  ended(wrong: string | null): void
}

export class DescriptorLink {
  readonly #channel: HandoffChannel
  readonly #descriptors: DescriptorOperations
  readonly #sink: LinkSink
  readonly #frames = new FrameReader()
  #isOpen = true

  constructor(descriptors: DescriptorOperations, channel: HandoffChannel, sink: LinkSink) {
    this.#descriptors = descriptors
    this.#channel = channel
    this.#sink = sink
    channel.receive({
      onMessage: (data, fds, isTruncated) => this.#onMessage(data, fds, isTruncated),
      onEnd: () => this.#end(null),
      onError: () => this.#end(null),
    })
    channel.unref() // the IPC channel keeps a process alive
  }

  /** Gives on inside this call what has arrived by now. */
  receiveNow(): void {
    if (this.#isOpen) this.#channel.receiveNow()
  }

  /**
   * Sends a frame. `unsent` is called once, in a later turn, where the system will never have it, with why. The descriptors
   * stay the caller's, who closes them once the other side has answered.
   */
  send(frame: Frame, fds: readonly number[], unsent: (status: Status) => void): void {
    const status = this.#isOpen
      ? this.#channel.send(encodeFrame(frame), fds, late => {
          if (late < 0) unsent(late)
        })
      : UV_EPIPE
    if (status < 0) setImmediate(unsent, status)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#channel.close()
    this.#descriptors.close(this.#frames.drop())
  }

  #onMessage(data: Buffer, received: readonly number[], isTruncated: boolean): void {
    if (isTruncated) this.#descriptors.close(received)
    const fds = isTruncated ? [] : received
    const read = this.#read(data, fds)
    if (read === null) return
    this.#descriptors.close(read.stray)
    for (const { frame, fds: own } of read.frames) {
      if (this.#isOpen) this.#sink.frame(frame, own)
      else if (own) this.#descriptors.close(own)
    }
  }

  #read(data: Buffer, fds: readonly number[]): ReturnType<FrameReader['push']> | null {
    try {
      return this.#frames.push(data, fds)
    } catch (error) {
      this.#descriptors.close(fds)
      this.#end((error as RangeError).message)
      return null
    }
  }

  #end(wrong: string | null): void {
    if (!this.#isOpen) return
    this.close()
    this.#sink.ended(wrong)
  }
}
