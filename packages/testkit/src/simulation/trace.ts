// What happened in a simulation, line by line, and its hash over every line and every payload byte.
// It knows no network.
import { createHash } from 'node:crypto'

/** Lines that are kept; the hash covers all of them. */
const KEPT_LINES = 20_000

/** The record of a run. */
export class Trace {
  readonly #hash = createHash('sha256')
  #lines: string[] = []
  #unhashed = ''
  #now: () => number
  /** Lines noted so far, kept or not. */
  count = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** Notes an event at the present virtual time. */
  note(text: string, payload?: Uint8Array | null): void {
    const line = `${this.#now().toFixed(0).padStart(9)}  ${text}`
    this.count++
    this.#lines.push(line)
    if (this.#lines.length > 2 * KEPT_LINES) this.#lines = this.#lines.slice(-KEPT_LINES)
    this.#unhashed += `${line}\n`
    if (payload || this.#unhashed.length > 65536) this.#flush()
    if (payload) this.#hash.update(payload)
  }

  /** SHA-256 in hex over the run so far. */
  get hash(): string {
    this.#flush()
    return this.#hash.copy().digest('hex')
  }

  /** The last lines, oldest first. */
  tail(lines = KEPT_LINES): string {
    return this.#lines.slice(-lines).join('\n')
  }

  #flush(): void {
    if (this.#unhashed === '') return
    this.#hash.update(this.#unhashed)
    this.#unhashed = ''
  }
}
