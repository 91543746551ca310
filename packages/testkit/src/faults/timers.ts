// The timers of one handle: started one by one, stopped together, and referenced as the handle is. It knows no fault.

export class Timers {
  readonly #running = new Set<NodeJS.Timeout>()
  #isReferenced = true

  start(ms: number, job: () => void): void {
    const timer = setTimeout(() => {
      this.#running.delete(timer)
      job()
    }, Math.ceil(ms))
    this.#running.add(timer)
    if (!this.#isReferenced) timer.unref()
  }

  stop(): void {
    for (const timer of this.#running) clearTimeout(timer)
    this.#running.clear()
  }

  reference(isReferenced: boolean): void {
    this.#isReferenced = isReferenced
    for (const timer of this.#running) {
      if (isReferenced) timer.ref()
      else timer.unref()
    }
  }
}
