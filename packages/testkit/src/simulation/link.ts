// The way between two hosts, one direction of it: its rules decide what becomes of each packet. It knows time and rules, and
// no connection.
import { eachOf } from '../each-of'
import { decide } from '../faults/decision'
import type { Operation, Packet, Rule } from '../faults/rule'
import type { Random } from './random'

/** What a link needs of its network. */
export interface LinkSurroundings {
  readonly random: Random
  now(): number
  /** Calls back later; returns what cancels it. */
  after(ms: number, job: () => void): () => void
  /** The rules of the whole network, which come before the link's own. */
  rules(): readonly Rule[]
}

/** Packets that keep their order, whatever their delays. */
export class Line {
  lastArrivalMs = 0
  /** What arrives together, in whole milliseconds: a system takes it in before it wakes anybody. */
  arriving: { readonly atMs: number; readonly arrivals: (() => void)[] } | null = null
}

/** A packet, and what becomes of it. */
export interface Sending {
  readonly packet: Packet
  readonly connection: number
  readonly role: 'client' | 'server'
  readonly line: Line
  arrive(): void
  /** A rule has reset the connection. */
  reset(): void
}

/** One direction between two hosts. */
export class Link {
  readonly #around: LinkSurroundings
  #rules: readonly Rule[] = []
  #held: Sending[] = []
  /** Nothing passes. */
  isCut = false

  constructor(around: LinkSurroundings) {
    this.#around = around
  }

  /** Other rules from now on. What the old ones held is asked about again. */
  set(rules: readonly Rule[]): void {
    this.#rules = rules
    this.reconsider()
  }

  /** The rules have changed. What is held stays where its rules throw. */
  reconsider(): void {
    eachOf(this.#held.splice(0), sending => {
      try {
        this.send(sending)
      } catch (error) {
        this.#held.push(sending)
        throw error
      }
    })
  }

  /** Sends a packet. Answers when its last byte has left: what is before it in the queue of a rule goes first. */
  send(sending: Sending): number {
    const nowMs = this.#around.now()
    const { delayMs, chargedMs, outcome } = decide(
      [...this.#around.rules(), ...this.#rules],
      this.#operation(sending, nowMs),
    )
    if (outcome === 'hold') this.#held.push(sending)
    else if (outcome === 'reset') this.#around.after(Math.ceil(delayMs), () => sending.reset())
    else if (outcome === 'pass' && !this.isCut) this.#pass(sending, nowMs + delayMs)
    return nowMs + chargedMs
  }

  #pass({ line, arrive }: Sending, arrivesAtMs: number): void {
    line.lastArrivalMs = Math.max(line.lastArrivalMs, arrivesAtMs)
    const atMs = Math.ceil(line.lastArrivalMs)
    if (line.arriving?.atMs === atMs) {
      line.arriving.arrivals.push(arrive)
      return
    }
    const batch = { atMs, arrivals: [arrive] }
    line.arriving = batch
    this.#around.after(atMs - this.#around.now(), () => {
      if (line.arriving === batch) line.arriving = null
      // What is on the way when a link is cut is lost too.
      eachOf(batch.arrivals, each => this.isCut || each())
    })
  }

  #operation({ packet, connection, role }: Sending, nowMs: number): Operation {
    return {
      type: 'packet',
      kind: 'tcp',
      bytes: packet.payload?.length ?? 0,
      connection,
      role,
      packet,
      remote: packet.destination,
      nowMs,
      random: this.#around.random,
    }
  }
}
