// The other brokers of the bus, as far as they have been heard: who is there, who answers, and how far each is with its messages. It
// sends nothing.
import { FrameAssembly, type Packet } from './packets'

/** A broker that has said nothing for so long has gone; each says something every second. */
const SILENCE_MS = 3500
/** Brokers that are remembered, those that have gone as well. */
const MOST_PEERS = 256

export class Peer {
  readonly id: string
  name = ''
  /** Whether it was heard of late. */
  isThere = false
  /** Whether its counts are waited for: not until it says something, where it has left out an answer. */
  isAnswering = false
  heardMs = 0
  /** The number of its last message that is known of here; null until it has said one. */
  #last: number | null = null
  readonly #toAll: FrameAssembly
  readonly #toUs: FrameAssembly

  constructor(id: string, mostFrameBytes: number) {
    this.id = id
    this.#toAll = new FrameAssembly(mostFrameBytes)
    this.#toUs = new FrameAssembly(mostFrameBytes)
  }

  /** A frame that is whole now, else null. */
  take(packet: Packet): Buffer | null {
    return (packet.isForAll ? this.#toAll : this.#toUs).take(packet)
  }

  /** Its messages from `first` to `last` have come, or it says that `last` is its last (`first` is the next, then). How many are missing. */
  reached(first: number, last: number): number {
    const missing = this.#last === null ? 0 : Math.max(0, first - this.#last - 1)
    this.#last = Math.max(this.#last ?? 0, last)
    return missing
  }
}

export class Peers {
  readonly #mostFrameBytes: number
  /** In the order in which they were heard last, but for those that are there. */
  readonly #peers = new Map<string, Peer>()

  constructor(mostFrameBytes: number) {
    this.#mostFrameBytes = mostFrameBytes
  }

  /** Those that are there. */
  get present(): readonly Peer[] {
    return [...this.#peers.values()].filter(peer => peer.isThere)
  }

  /** Who has sent something; null where more are there than are remembered. */
  heard(id: string, nowMs: number): Peer | null {
    let peer = this.#peers.get(id)
    if (peer === undefined) {
      if (this.#peers.size >= MOST_PEERS && !this.#forgetOne()) return null
      peer = new Peer(id, this.#mostFrameBytes)
    }
    this.#peers.delete(id)
    this.#peers.set(id, peer)
    peer.heardMs = nowMs
    return peer
  }

  /** Those that have been silent for too long. */
  silent(nowMs: number): readonly Peer[] {
    return this.present.filter(peer => nowMs - peer.heardMs > SILENCE_MS)
  }

  #forgetOne(): boolean {
    for (const [id, peer] of this.#peers) {
      if (peer.isThere) continue
      this.#peers.delete(id)
      return true
    }
    return false
  }
}
