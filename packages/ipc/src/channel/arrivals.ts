// Descriptors that have come in: which frame each belongs to, how many wait to be taken, and that none is leaked. It
// knows no frames and no messages.
import type { Transport } from '@x/core/transport'
import { ipcError } from '../errors/codes'
import { Descriptor, type DescriptorKind } from '../handoff/descriptor'
import type { HandleNote } from './value'

const KINDS: ReadonlySet<string> = new Set<DescriptorKind>(['server', 'socket', 'pipe', 'fd'])

/** Frames whose descriptors are here and which are not read yet: the one under way, and some that came as we were paused. */
const MOST_GROUPS = 8

export class Arrivals {
  readonly #transport: Transport | null
  readonly #limit: number
  /** Each `recvmsg` brings the descriptors of one frame at most, with the frame's first byte. */
  #groups: (readonly number[])[] = []
  #waiting = 0

  constructor(transport: Transport | null, limit: number) {
    this.#transport = transport
    this.#limit = limit
  }

  /** Descriptors that were handed on and are neither taken nor closed. */
  get waiting(): number {
    return this.#waiting
  }

  /** Throws where more have come than the frames that may be under way can announce. */
  add(fds: readonly number[]): void {
    this.#groups.push(fds)
    if (this.#groups.length <= MOST_GROUPS) return
    this.closeAll()
    throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'descriptors that no frame announced')
  }

  /** No frame asks for what is here: closed, and a reason to end the channel. */
  checkNoneLeft(): void {
    if (this.#groups.length === 0) return
    this.closeAll()
    throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'descriptors that no frame announced')
  }

  get hasGroup(): boolean {
    return this.#groups.length > 0
  }

  /** The descriptors of a frame, or in words why it gets none; they are closed then. */
  claim(count: number, notes: readonly HandleNote[], unread: readonly Buffer[]): Descriptor[] | string {
    const fds = this.#groups.shift() ?? []
    if (notes.length !== count || notes.some(note => !KINDS.has(note.kind))) {
      this.#close(fds)
      throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'handles that do not fit their description')
    }
    if (fds.length !== count) {
      this.#close(fds)
      // The kernel drops what the receiver's table of descriptors has no room for: MSG_CTRUNC, recvmsg(2).
      return `only ${fds.length} of ${count} arrived; the receiver has no room for more open descriptors`
    }
    if (this.#waiting + count > this.#limit) {
      this.#close(fds)
      return `${this.#waiting} wait to be taken, the limit is ${this.#limit}`
    }
    this.#waiting += count
    const onSettled = () => {
      this.#waiting--
    }
    return fds.map((fd, at) => {
      const kind = notes[at]!.kind as DescriptorKind
      return Descriptor.ofNumber(this.#transport!, fd, { kind, unread: unread[at]!, onSettled, isSole: true })
    })
  }

  #close(fds: readonly number[]): void {
    this.#transport?.closeDescriptors?.(fds)
  }

  closeAll(): void {
    for (const fds of this.#groups) this.#close(fds)
    this.#groups = []
  }
}
