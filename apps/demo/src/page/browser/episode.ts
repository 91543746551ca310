// Something that was done to the broker, from its beginning until every subscriber of the page hears the broker again, and
// what it cost them. It draws nothing and opens nothing.
import { count, grouped } from '../../count'
import type { OperationName } from '../../primary/operations'
import { type Pulse, percentilesOf, type Tally } from './pulse'

/** Latencies that the median is of. */
const MOST_LATENCIES = 2000

/** `running`: it is being done. `lasting`: a fault is in force. `settling`: it is over, and subscribers are awaited. */
type EpisodeState = 'running' | 'lasting' | 'settling' | 'over'

export class Episode {
  readonly name: OperationName
  readonly title: string
  readonly begunAt = new Date()
  /** What came of it, as the program tells. */
  outcome = ''
  isDone = true
  readonly #pulse: Pulse
  readonly #before: Tally
  readonly #usualMs: number | null
  /** The last of them: a fault may last for hours. */
  #latencies: number[] = []
  #slowestMs = 0
  /** The first message that counts, for each subscriber: what was lost before is not its cost. */
  readonly #first: readonly number[]
  #state: EpisodeState = 'running'
  /** The first message that does not count any more, and must reach every subscriber. */
  #goal = Number.POSITIVE_INFINITY
  #cost = ''

  constructor(name: OperationName, title: string, pulse: Pulse) {
    this.name = name
    this.title = title
    this.#pulse = pulse
    this.#before = pulse.tally
    // What faults have swallowed until they are taken off is theirs.
    this.#first = name === 'calm' ? pulse.expected.map(() => pulse.next) : pulse.expected
    this.#usualMs = pulse.percentiles()?.p50 ?? null
  }

  get state(): EpisodeState {
    return this.#state
  }

  /** What it cost, or has cost so far. */
  get cost(): string {
    return this.#state === 'over' ? this.#cost : this.#sum()
  }

  took(ms: number): void {
    if (this.#state === 'over') return
    this.#latencies.push(ms)
    this.#slowestMs = Math.max(this.#slowestMs, ms)
    if (this.#latencies.length > 2 * MOST_LATENCIES) this.#latencies = this.#latencies.slice(-MOST_LATENCIES)
  }

  /** The program has done it, or failed to. What is published from now on must reach every subscriber. */
  end(outcome: string, isDone: boolean): void {
    this.outcome = outcome
    this.isDone = isDone
    if (isDone && (this.name === 'delay' || this.name === 'drop')) this.#state = 'lasting'
    else this.settle()
  }

  /** What lasted is taken off. */
  settle(): void {
    if (this.#state === 'over' || this.#state === 'settling') return
    this.#state = 'settling'
    this.#goal = this.#pulse.next
  }

  /** Looks whether it is over; true where it has just come to its end. */
  progressed(): boolean {
    if (this.#state !== 'settling' || !this.#pulse.hasReached(this.#goal)) return false
    this.#cost = this.#sum()
    this.#state = 'over'
    return true
  }

  #sum(): string {
    const after = this.#pulse.tally
    const difference = (name: keyof Tally) => Math.max(0, after[name] - this.#before[name])
    return describeCost({
      received: difference('received'),
      lost: this.#pulse.lost(this.#first, this.#goal),
      doubled: difference('doubled'),
      outOfOrder: difference('outOfOrder'),
      broken: difference('broken'),
      medianMs: percentilesOf(this.#latencies)?.p50 ?? null,
      slowestMs: this.#slowestMs,
      usualMs: this.#usualMs,
    })
  }
}

export interface Cost extends Tally {
  /** Null where nothing came. */
  readonly medianMs: number | null
  readonly slowestMs: number
  /** The median before; null where nothing was measured. */
  readonly usualMs: number | null
}

/** For people. */
export function describeCost(cost: Cost): string {
  const { received, lost, doubled, outOfOrder, broken, medianMs, slowestMs, usualMs } = cost
  const faults = [
    lost > 0 ? `${count(lost, 'message')} lost` : '',
    doubled > 0 ? `${doubled} doubled` : '',
    outOfOrder > 0 ? `${outOfOrder} out of order` : '',
    broken > 0 ? `${count(broken, 'connection')} broken` : '',
  ].filter(fault => fault !== '')
  const what = faults.length > 0 ? faults.join(', ') : 'no message lost, doubled or out of order'
  const before = usualMs === null ? '' : ` (${shownMs(usualMs)} before)`
  const latency =
    medianMs === null
      ? ''
      : ` Median latency ${shownMs(medianMs)}${before}, slowest message ${shownMs(slowestMs)}.`
  return `${what}; ${grouped(received)} received.${latency}`
}

/** 0.4 ms, 12 ms. */
export function shownMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}
