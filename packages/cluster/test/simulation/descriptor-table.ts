// The descriptors of one simulated process: numbers that stand for connections and for ends of links.

export class DescriptorTable {
  readonly #open = new Map<number, unknown>()
  readonly #name: string
  #last = 2
  /** As many may be open. */
  limit = Number.POSITIVE_INFINITY

  constructor(name: string) {
    this.#name = name
  }

  get size(): number {
    return this.#open.size
  }

  get isFull(): boolean {
    return this.#open.size >= this.limit
  }

  add(thing: unknown): number {
    this.#open.set(++this.#last, thing)
    return this.#last
  }

  get(fd: number): unknown {
    if (!this.#open.has(fd)) throw new Error(`${this.#name} uses descriptor ${fd}, which is not open`)
    return this.#open.get(fd)
  }

  close(fds: readonly number[]): void {
    for (const fd of fds) {
      if (!this.#open.delete(fd)) throw new Error(`${this.#name} closes descriptor ${fd}, which is not open`)
    }
  }

  /** The process has ended. */
  clear(): void {
    this.#open.clear()
  }

  values(): unknown[] {
    return [...this.#open.values()]
  }
}
