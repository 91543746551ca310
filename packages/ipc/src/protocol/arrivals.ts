// Descriptors that have come in and that no frame has claimed yet: which frame each group belongs to, and that none is
// leaked. It knows no frames and no messages.
import type { Transport } from '@x/core/transport'
import { breach } from '../errors/codes'
import type { Allowance, ReceivedDescriptors } from '../wire/wire'

/** Descriptors that came with the bytes of the stream from `from` to `to`. */
interface Group {
  readonly from: number
  readonly to: number
  readonly fds: readonly number[]
  /** Why the frame gets none of them, where they had to be closed. */
  readonly refusal: string | null
}

const NO_ROOM = 'the receiver has no room for more open descriptors'

export class Arrivals {
  readonly #transport: Transport | null
  readonly #allowance: Allowance
  readonly #limit: number
  #groups: Group[] = []

  /** `limit`: descriptors of this peer that may be open here, in this channel and all others. */
  constructor(transport: Transport | null, allowance: Allowance | null, limit: number) {
    this.#transport = transport
    this.#allowance = allowance ?? { count: 0 }
    this.#limit = limit
  }

  /** Takes the descriptors that came with these bytes of the stream. They count from now on. */
  add({ fds, isTruncated }: ReceivedDescriptors, from: number, to: number): void {
    const isOver = this.#allowance.count + fds.length > this.#limit
    if (isTruncated || isOver) {
      this.#transport?.descriptors?.close(fds)
      const refusal = isOver
        ? `${this.#allowance.count} wait to be taken, the limit is ${this.#limit}`
        : NO_ROOM
      this.#groups.push({ from, to, fds: [], refusal })
      return
    }
    this.#allowance.count += fds.length
    this.#groups.push({ from, to, fds, refusal: null })
  }

  /**
   * The descriptors of the frame that begins there, or in words why it gets none of those that were sent. What came with
   * earlier bytes belongs to no frame.
   *
   * @throws `ERR_X_CHANNEL_PROTOCOL`.
   */
  claim(count: number, begin: number): readonly number[] | string {
    this.checkStrays(begin)
    const [group] = this.#groups
    // What the system itself has dropped it tells (MSG_CTRUNC, recvmsg(2)): what else is missing was never sent.
    if (group === undefined || group.from > begin) throw breach(`${count} descriptors announced, none sent`)
    this.#groups.shift()
    if (group.refusal !== null) return group.refusal
    if (group.fds.length === count) return group.fds
    this.#close(group.fds)
    throw breach(`${count} descriptors announced, ${group.fds.length} sent`)
  }

  /** @throws `ERR_X_CHANNEL_PROTOCOL` where descriptors came with bytes before this one that no frame has claimed. */
  checkStrays(begin: number): void {
    const [group] = this.#groups
    if (group === undefined || group.to > begin) return
    this.closeAll()
    throw breach('descriptors that no frame announced')
  }

  /** The bytes that have come end within a frame: what is here can only be its own. */
  checkPart(begin: number): void {
    this.checkStrays(begin)
    const isStray = this.#groups.length > 1 || (this.#groups.length === 1 && this.#groups[0]!.from > begin)
    if (!isStray) return
    this.closeAll()
    throw breach('descriptors that no frame announced')
  }

  get isEmpty(): boolean {
    return this.#groups.length === 0
  }

  /** Descriptors that were claimed and are taken or closed by now. */
  settle(count: number): void {
    this.#allowance.count -= count
  }

  #close(fds: readonly number[]): void {
    this.settle(fds.length)
    this.#transport?.descriptors?.close(fds)
  }

  closeAll(): void {
    for (const { fds } of this.#groups) this.#close(fds)
    this.#groups = []
  }
}
