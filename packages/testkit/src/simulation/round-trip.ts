// How long an answer takes on a connection, and so how long to wait for one before sending again (RFC 6298, with Linux's
// bounds). It knows times alone.

/** Before the first answer (RFC 6298 2.1). */
const FIRST_RETRY_MS = 1000
/** Linux's TCP_RTO_MIN: the least that is waited beyond the usual round trip. */
const LEAST_MARGIN_MS = 200
/** Linux's TCP_RTO_MAX. */
const MOST_RETRY_MS = 120_000

/** The round trips of one direction of a connection. */
export class RoundTrip {
  #usualMs: number | null = null
  #variationMs = 0

  /** An answer came after that time. Answers to what was sent twice do not count: they may be to either (Karn). */
  measured(ms: number): void {
    if (this.#usualMs === null) {
      this.#usualMs = ms
      this.#variationMs = ms / 2
      return
    }
    this.#variationMs += (Math.abs(this.#usualMs - ms) - this.#variationMs) / 4
    this.#usualMs += (ms - this.#usualMs) / 8
  }

  /** The time to wait for an answer, doubled with each time that it was in vain. */
  timeoutMs(retries: number): number {
    const first =
      this.#usualMs === null
        ? FIRST_RETRY_MS
        : this.#usualMs + Math.max(LEAST_MARGIN_MS, 4 * this.#variationMs)
    return Math.min(first * 2 ** retries, MOST_RETRY_MS)
  }
}
