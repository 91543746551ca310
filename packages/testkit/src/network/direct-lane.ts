// A lane without length: both ends are on one host. It knows neither time nor loss.
import type { Lane, LaneEnds, LaneRequest, Lanes, SegmentKind } from './fabric'

class DirectLane implements Lane {
  readonly segmentBytes = Number.POSITIVE_INFINITY
  readonly isRepeating = false
  readonly #ends: LaneEnds
  readonly #capacityBytes: number

  constructor(ends: LaneEnds, capacityBytes: number) {
    this.#ends = ends
    this.#capacityBytes = capacityBytes
  }

  send(
    _kind: SegmentKind,
    _payload: Buffer | null,
    arrive: () => boolean | undefined,
    acked?: () => void,
  ): void {
    if (arrive() !== false) acked?.()
  }

  reset(arrive: () => void): void {
    arrive()
  }

  room(): number {
    return this.#capacityBytes - this.#ends.unread()
  }

  consumed(): void {
    this.#ends.hasRoom()
  }

  /** Both ends live and die together. */
  keepAlive(): void {}

  abandon(): void {}
}

/** The lanes of a connection within one host. */
export function directLanes(request: LaneRequest, capacityBytes: number): Lanes {
  return {
    outward: new DirectLane(request.outward, capacityBytes),
    homeward: new DirectLane(request.homeward, capacityBytes),
  }
}
