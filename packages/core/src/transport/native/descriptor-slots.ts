// Descriptors on their way between JavaScript and the addon: numbers in memory that both see, since lists of numbers cost
// a call for each. Events and calls have slots of their own, for JavaScript may call inside an event.
import type { Addon } from './addon'

/** X_FD_SLOTS in native/src/x-net.h. */
const COUNT = 256
const MAX_FD = 0x7fffffff

export class DescriptorSlots {
  readonly #addon: Addon
  readonly #told: Int32Array
  readonly #passed: Int32Array

  /** `memory` as the addon's `setup` answers it. */
  constructor(addon: Addon, memory: Buffer) {
    this.#addon = addon
    const end = memory.byteOffset + memory.length
    const size = COUNT * Int32Array.BYTES_PER_ELEMENT
    this.#told = new Int32Array(memory.buffer, end - 2 * size, COUNT)
    this.#passed = new Int32Array(memory.buffer, end - size, COUNT)
  }

  /** Those that the event which runs now tells of; asked for before anything else. */
  told(): number[] {
    return listed(this.#told)
  }

  /** Those that the last call answered with. */
  answered(): number[] {
    return listed(this.#passed)
  }

  /** Whether the system cut off descriptors of what the last call answered with. */
  get wereTruncated(): boolean {
    return this.#passed[COUNT - 1] === 1
  }

  /** For the next call, which gets the answer: how many, at most 256. */
  pass(fds: readonly number[], from = 0): number {
    const count = Math.min(COUNT, fds.length - from)
    for (let i = 0; i < count; i++) {
      const fd = fds[from + i] as number
      this.#passed[i] = Number.isInteger(fd) && fd >= 0 && fd <= MAX_FD ? fd : -1
    }
    return count
  }

  /** From here on they are JavaScript's, however many. */
  take(fds: readonly number[]): void {
    for (let from = 0; from < fds.length; from += COUNT) this.#addon.takeDescriptors(this.pass(fds, from))
  }

  /** Closes them, however many. */
  close(fds: readonly number[]): void {
    for (let from = 0; from < fds.length; from += COUNT) this.#addon.closeDescriptors(this.pass(fds, from))
  }
}

function listed(slots: Int32Array): number[] {
  const fds: number[] = []
  for (let i = 0; (slots[i] as number) >= 0; i++) fds.push(slots[i] as number)
  return fds
}
