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
const MOST_PAUSE_TICKS = 60

export class BusReport {
  readonly #log: Log
  readonly #notSent: Record<NotSent, number> = { unconnected: 0, 'too slow': 0 }
  readonly #counts = { received: 0, missed: 0, notDelivered: 0, malformed: 0 }
  /** What was lost when the log was told last. */
  #told = 0
  /** Before it is told again, and then. */
  #waitTicks = 0
  #pauseTicks = 1
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

  /** To be called each second: tells of losses, at first at once and then more and more rarely, while more is lost. */
  tick(): void {
    const { missed, notDelivered } = this.#counts
    const lost = this.#notSent.unconnected + this.#notSent['too slow'] + missed + notDelivered
    if (lost === this.#told) {
      this.#pauseTicks = 1
      this.#waitTicks = 0
    } else if (this.#waitTicks > 0) this.#waitTicks--
    else {
      this.#told = lost
      this.#waitTicks = this.#pauseTicks
      this.#pauseTicks = Math.min(this.#pauseTicks * 2, MOST_PAUSE_TICKS)
      const losses = describeLosses({ ...this.#counts, notSent: this.#notSent })
      this.#log.warn(WHO, `lost so far: ${losses.join(', ')}`)
    }
  }
}

/** What was lost, for people; nothing where nothing was. */
export function describeLosses({
  notSent,
  missed,
  notDelivered,
}: Pick<BusStatus, 'notSent' | 'missed' | 'notDelivered'>): string[] {
  const losses: readonly (readonly [number, string])[] = [
    [notSent.unconnected, 'not sent while the bus was not connected'],
    [notSent['too slow'], 'not sent since the bus was too slow'],
    [missed, 'of other brokers that did not come'],
    [notDelivered, 'of other brokers that came too fast or were too long'],
  ]
  return losses
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${count(number, 'message')} ${what}`)
}
