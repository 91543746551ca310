// What waits to be sent over the bus: in order, bounded in bytes. What finds no room is refused. It knows no frame's content.
import type { Bus } from './bus'
import { PacketWriter } from './packets'

interface Waiting {
  readonly to: string | null
  readonly frame: Uint8Array
  /** Messages in it that clients have published. */
  readonly messages: number
  sent: number
}

export class Outgoing {
  readonly #bus: Bus
  readonly #id: string
  readonly #mostBytes: number
  readonly #toAll: PacketWriter
  readonly #toOne = new Map<string, PacketWriter>()
  #packets = 0
  #waiting: Waiting[] = []
  #first = 0
  #bytes = 0

  constructor(bus: Bus, id: string, mostBytes: number) {
    this.#bus = bus
    this.#id = id
    this.#mostBytes = mostBytes
    this.#toAll = new PacketWriter(id, true, 0)
  }

  /** Messages that went to the bus. */
  sentMessages = 0

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** False where there is no room, or no connection. A frame that finds nothing waiting is taken, however long. */
  push(to: string | null, frame: Uint8Array, messages = 0): boolean {
    if (!this.#bus.state.isConnected) return false
    if (this.#bytes > 0 && this.#bytes + frame.length > this.#mostBytes) return false
    this.#waiting.push({ to, frame, messages, sent: 0 })
    this.#bytes += frame.length
    this.proceed()
    return true
  }

  /** Sends as much as the bus takes. */
  proceed(): void {
    const { maxPacketBytes } = this.#bus
    while (this.#first < this.#waiting.length && this.#bus.isWritable) {
      const next = this.#waiting[this.#first]!
      const { packet, end } = this.#writerTo(next.to).write(next.frame, next.sent, maxPacketBytes)
      this.#packets++
      this.#bus.send(next.to, packet)
      this.#bytes -= end - next.sent
      next.sent = end
      if (end < next.frame.length) continue
      this.#first++
      this.sentMessages += next.messages
    }
    if (this.#first === this.#waiting.length || this.#first > 1024) {
      this.#waiting.splice(0, this.#first)
      this.#first = 0
    }
  }

  /** The connection is lost, and what waited with it: answers how many messages that were. */
  clear(): number {
    const lost = this.#waiting.slice(this.#first).reduce((sum, { messages }) => sum + messages, 0)
    this.#waiting = []
    this.#first = 0
    this.#bytes = 0
    return lost
  }

  /** Nothing more goes to this broker. */
  forget(id: string): void {
    this.#toOne.delete(id)
  }

  #writerTo(to: string | null): PacketWriter {
    if (to === null) return this.#toAll
    let writer = this.#toOne.get(to)
    if (writer === undefined) {
      // Beyond all numbers that the broker can have had from a writer that was forgotten.
      writer = new PacketWriter(this.#id, false, this.#packets)
      this.#toOne.set(to, writer)
    }
    return writer
  }
}
