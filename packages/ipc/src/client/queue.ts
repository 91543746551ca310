// The errands of a client that wait for a connection, in the order in which they were given. It sends nothing.
import type { Errand } from './errand'

export class Queue {
  #errands: Errand[] = []
  #bytes = 0
  #isRef = true

  /** Memory that they take, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** One that comes back stands where it stood before. */
  add(errand: Errand): void {
    let at = this.#errands.length
    while (at > 0 && this.#errands[at - 1]!.place > errand.place) at--
    this.#errands.splice(at, 0, errand)
    this.#bytes += errand.cost
    if (!this.#isRef) errand.setRef(false)
  }

  /** Whether the deadlines of what waits keep the process alive. */
  setRef(isRef: boolean): void {
    this.#isRef = isRef
    for (const errand of this.#errands) errand.setRef(isRef)
  }

  remove(errand: Errand): void {
    const at = this.#errands.indexOf(errand)
    if (at < 0) return
    this.#errands.splice(at, 1)
    this.#bytes -= errand.cost
  }

  get isEmpty(): boolean {
    return this.#errands.length === 0
  }

  /** The first; undefined where there is none. */
  take(): Errand | undefined {
    const errand = this.#errands.shift()
    if (errand !== undefined) this.#bytes -= errand.cost
    return errand
  }

  takeAll(): readonly Errand[] {
    const errands = this.#errands
    this.#errands = []
    this.#bytes = 0
    return errands
  }
}
