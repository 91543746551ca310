// A lane without length: both ends are on one host. It knows neither time nor loss.
import type { Lane, LaneEnd, LaneRequest, Lanes, Segment } from './fabric'

class DirectLane implements Lane {
  readonly segmentBytes = Number.POSITIVE_INFINITY
  readonly isRepeating = false
  readonly #sender: LaneEnd
  readonly #receiver: LaneEnd
  readonly #capacityBytes: number

  constructor(sender: LaneEnd, receiver: LaneEnd, capacityBytes: number) {
    this.#sender = sender
    this.#receiver = receiver
    this.#capacityBytes = capacityBytes
  }

  send(segment: Segment): void {
    if (this.#receiver.arrive(segment)) this.#sender.acknowledged(segment)
  }

  reset(): void {
    this.#receiver.arriveReset()
  }

  room(): number {
    return this.#capacityBytes - this.#receiver.unread
  }

  consumed(): void {
    this.#sender.hasRoom()
  }

  /** Both ends live and die together. */
  keepAlive(): void {}

  abandon(): void {}
}

/** The lanes of a connection within one host. */
export function directLanes({ client, server }: LaneRequest<unknown>, capacityBytes: number): Lanes {
  return {
    outward: new DirectLane(client.end, server.end, capacityBytes),
    homeward: new DirectLane(server.end, client.end, capacityBytes),
  }
}
