// The sending half of a channel: values to frames, who waits for room, and what waits for an acknowledgement. It knows
// no frame that came in.
import { deserialize, serialize } from 'node:v8'
import { codedError } from '@x/core/transport'
import type { Descriptor } from '../handoff/descriptor'
import { Acks } from './acks'
import {
  ENCODING_PACKED,
  encodePreamble,
  FLAG_CLONE,
  FLAG_HANDLES,
  KIND_MESSAGE,
  pack,
  VERSION,
} from './frame'
import { FrameWriter } from './frame-writer'
import type { SendOptions } from './message'
import type { ChannelLimits } from './options'
import { encodeExtended, encodeValue, isPackable } from './value'
import type { Wire } from './wire'

const MAX_HANDLES = 253

function ignore(): void {}

/** The same promise; where nobody waits for it, its rejection is nobody's concern. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore)
  return promise
}

interface Room {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Outbound {
  readonly acks = new Acks()
  readonly #wire: Wire
  readonly #writer: FrameWriter
  readonly #backlogLimit: number
  readonly #overflow: (bytes: number) => void
  /** What was sent before the peer said whether it takes structured clones; null once that is known. */
  #held: (() => void)[] | null
  #useClone = false
  #room: Room | null = null

  /** `overflow` hears of a peer that leaves too much unread. */
  constructor(wire: Wire, limits: ChannelLimits, overflow: (bytes: number) => void) {
    const { frameLimitBytes, backlogLimitBytes, clone } = limits
    this.#wire = wire
    this.#writer = new FrameWriter(wire, frameLimitBytes)
    this.#backlogLimit = backlogLimitBytes
    this.#overflow = overflow
    this.#held = clone ? [] : null
    const flags = (clone ? FLAG_CLONE : 0) | (wire.transport ? FLAG_HANDLES : 0)
    this.#writer.raw(encodePreamble({ version: VERSION, flags, frameLimit: frameLimitBytes }))
  }

  get isFull(): boolean {
    return this.#writer.isFull
  }

  get backlog(): number {
    return this.#writer.backlog
  }

  /** The peer has said what it takes. */
  agree(useClone: boolean, frameLimit: number): void {
    this.#useClone = useClone
    this.#writer.agree(frameLimit)
    const held = this.#held ?? []
    this.#held = null
    for (const send of held) send()
  }

  /** Queues a frame. Values are encoded now, whatever becomes of them later. */
  put(kind: number, id: number, value: unknown, buffers?: readonly Uint8Array[]): void {
    if (this.#held === null) {
      this.#write(kind, id, value, buffers)
      return
    }
    const copy = serialize({ value, buffers })
    this.#held.push(() => {
      const held: { value: unknown; buffers?: readonly Uint8Array[] } = deserialize(copy)
      this.#write(kind, id, held.value, held.buffers)
    })
  }

  #write(kind: number, id: number, value: unknown, buffers: readonly Uint8Array[] | undefined): void {
    const isPlain = !this.#useClone && (buffers === undefined || buffers.length === 0)
    if (isPlain && isPackable(value)) {
      this.#writer.json(pack(kind, ENCODING_PACKED), id, value, kind === KIND_MESSAGE)
    } else this.#writeWhole(kind, id, value, buffers)
    if (this.#writer.isFull) this.#checkBacklog()
  }

  #writeWhole(kind: number, id: number, value: unknown, buffers: readonly Uint8Array[] | undefined): void {
    const encoded = encodeValue(value, this.#useClone)
    if (buffers !== undefined && buffers.length > 0) {
      const whole = encodeExtended(encoded, { buffers, notes: [], unread: [], ack: 0 })
      this.#writer.bytes(pack(kind, whole.encoding), id, whole.parts, whole.length)
    } else {
      const { encoding, text, bytes } = encoded
      if (text !== null) this.#writer.text(pack(kind, encoding), id, text)
      else this.#writer.bytes(pack(kind, encoding), id, bytes === null ? [] : [bytes], bytes?.byteLength ?? 0)
    }
  }

  /** Queues a frame with handles. The promise is done once the peer has acknowledged them. */
  putHandles(kind: number, id: number, value: unknown, options: SendOptions): Promise<void> {
    const { handles = [], buffers = [], keep = false } = options
    this.#checkHandles(handles)
    const ack = this.acks.nextId()
    const notes = handles.map(handle => ({ kind: handle.kind, unread: handle.unread.length }))
    const unread = handles.map(handle => handle.unread)
    const send = () => {
      const whole = encodeExtended(encodeValue(value, this.#useClone), { buffers, notes, unread, ack })
      const fds = handles.map(handle => handle.fd)
      this.#writer.handles(pack(kind, whole.encoding), id, whole.parts, whole.length, fds)
      if (this.#writer.isFull) this.#checkBacklog()
    }
    if (this.#held === null) send()
    else this.#held.push(send)
    return quiet(this.acks.wait(ack, handles, keep))
  }

  #checkHandles(handles: readonly Descriptor[]): void {
    if (!this.#wire.writeHandles) throw codedError('ERR_X_UNSUPPORTED', 'underlying', 'handoff')
    if (handles.length > MAX_HANDLES) {
      throw codedError('ERR_OUT_OF_RANGE', 'options.handles.length', `<= ${MAX_HANDLES}`, handles.length)
    }
    for (const handle of handles) {
      if (handle.fd < 0)
        throw codedError('ERR_INVALID_ARG_VALUE', 'options.handles', handle, 'was given away')
    }
  }

  #checkBacklog(): void {
    const { backlog } = this.#writer
    if (backlog > this.#backlogLimit) this.#overflow(backlog)
  }

  flush(): void {
    this.#writer.flush()
  }

  /** Done once the peer has caught up. */
  waitForRoom(): Promise<void> {
    if (this.#room === null) {
      let resolve = ignore
      let reject: (error: Error) => void = ignore
      const promise = new Promise<void>((yes, no) => {
        resolve = yes
        reject = no
      })
      this.#room = { promise: quiet(promise), resolve, reject }
    }
    return this.#room.promise
  }

  drained(): void {
    this.#writer.drained()
    this.#room?.resolve()
    this.#room = null
  }

  /** Nothing more will go out. Handles that were not acknowledged go back to their senders. */
  fail(error: Error): void {
    this.#held = null
    this.#room?.reject(error)
    this.#room = null
    this.acks.lose()
  }
}
