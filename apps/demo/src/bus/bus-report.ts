// What is told of the bus: to people in the log, to programs as a status. It counts, and decides nothing.
import { count } from '../count'
import type { Log } from '../log'
import type { BusState } from './bus'
import type { Peer } from './peers'

/** Why a message was not sent to other brokers: the bus was not connected, or too much waited for it. */
export type NotSent = 'unconnected' | 'too slow'

export interface BusStatus extends BusState {
  /** Other brokers that are there. */
  readonly brokers: readonly { readonly id: string; readonly name: string }[]
  /** Messages that went to the other brokers. */
  readonly sent: number
  readonly notSent: Readonly<Record<NotSent, number>>
  /** Messages that came from other brokers. */
  readonly received: number
  /** Messages that other brokers have published and that did not come. */
  readonly missed: number
  /** Messages that came faster than our workers took them, or are longer than our clients may send. */
  readonly notDelivered: number
  /** What came and made no sense. */
  readonly malformed: number
  /** What waits to be sent. */
  readonly waitingBytes: number
}

const WHO = 'bus'

export class BusReport {
  readonly #log: Log
  readonly #notSent: Record<NotSent, number> = { unconnected: 0, 'too slow': 0 }
  readonly #counts = { received: 0, missed: 0, notDelivered: 0, malformed: 0 }
  /** What was lost when the log was told last. */
  #told = 0
  #lastProblem: string | null = null

  constructor(log: Log) {
    this.#log = log
  }

  status(
    state: BusState,
    peers: readonly Peer[],
    outgoing: Pick<BusStatus, 'sent' | 'waitingBytes'>,
  ): BusStatus {
    const brokers = peers.map(({ id, name }) => ({ id, name }))
    return { ...state, brokers, ...this.#counts, notSent: { ...this.#notSent }, ...outgoing }
  }

  notSent(count: number, why: NotSent): void {
    this.#notSent[why] += count
  }

  received(count: number): void {
    this.#counts.received += count
  }

  missed(count: number): void {
    this.#counts.missed += count
  }

  notDelivered(count: number): void {
    this.#counts.notDelivered += count
  }

  malformed(): void {
    if (this.#counts.malformed++ === 0)
      this.#log.warn(WHO, 'something came that no broker of this edition sends')
  }

  came({ id, name }: Peer): void {
    this.#log.info(WHO, `broker ${name || id} is there`)
  }

  left({ id, name }: Peer, why: string): void {
    this.#log.info(WHO, `broker ${name || id} ${why}`)
  }

  changed({ isConnected, server, problem }: BusState): void {
    if (isConnected) {
      this.#log.info(WHO, `connected to ${server}`)
      this.#lastProblem = null
      return
    }
    // Each attempt fails alike: once is enough.
    if (problem === this.#lastProblem) return
    this.#lastProblem = problem
    this.#log.warn(
      WHO,
      `not connected to ${server}: ${problem}. Clients are served; messages reach those of this broker alone until it is. Trying again`,
    )
  }

  /** Each second: what was lost since. */
  tick(): void {
    const { missed, notDelivered } = this.#counts
    const notSent = this.#notSent.unconnected + this.#notSent['too slow']
    const lost = notSent + missed + notDelivered
    if (lost === this.#told) return
    this.#told = lost
    this.#log.warn(
      WHO,
      `in all ${count(notSent, 'message')} not sent to other brokers (${this.#notSent['too slow']} since the bus was too slow), ` +
        `${missed} of others did not come, ${notDelivered} were more than the workers took, or too long`,
    )
  }
}
