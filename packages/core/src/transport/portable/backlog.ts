// The writes of one stream that the system has not taken yet: those under way, and those that wait for them, in order. It sends
// nothing.
import { AsyncResource } from 'node:async_hooks'
import type { Status } from '../contract'

type Done = (status: Status) => void

export class Backlog {
  /** Bytes of all the writes. */
  size: number
  #underWay: Done[]
  #sizeUnderWay: number
  #waiting: Done[] = []
  #chunks: Uint8Array[] = []

  /** With the write that is under way. */
  constructor(size: number, done: Done) {
    this.size = this.#sizeUnderWay = size
    this.#underWay = [done]
  }

  /** A write that waits. It is called back from another's end, in the async context of now (law 12 of the contract). */
  add(chunks: readonly Uint8Array[], size: number, done: Done): void {
    this.size += size
    this.#waiting.push(AsyncResource.bind(done))
    this.#chunks.push(...chunks)
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Who waits for what was under way, which is over. */
  takeFirst(): Done[] {
    const over = this.#underWay
    this.size -= this.#sizeUnderWay
    this.#underWay = []
    this.#sizeUnderWay = 0
    return over
  }

  /** All that waits is under way from now on: its chunks. */
  advance(): Uint8Array[] {
    const chunks = this.#chunks
    this.#underWay = this.#waiting
    this.#sizeUnderWay = this.size
    this.#waiting = []
    this.#chunks = []
    return chunks
  }
}
