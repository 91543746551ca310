// What a virtual network offers to the endpoints on it: turns, routes and lanes. It knows no endpoint code.
import type { Clock, Lookup, Status, TcpAddress } from '@x/core/transport'
import type { EventLoop } from './event-loop'

/** What a segment is for. `close`: the end of a local connection whose sender has closed its side for reading, too. */
export type SegmentKind = 'syn' | 'syn-ack' | 'data' | 'fin' | 'close'

/** What a lane carries in order. */
export interface Segment {
  readonly kind: SegmentKind
  /** Null but for `data`. */
  readonly payload: Buffer | null
}

/** When a silent connection is asked whether it still stands (tcp(7)). */
export interface KeepAlive {
  readonly idleMs: number
  readonly intervalMs: number
  readonly count: number
}

/** One direction of one connection, from the end that sends to the end that receives. */
export interface Lane {
  /** Largest piece that is worth sending at once, in bytes. */
  readonly segmentBytes: number
  /** The network repeats what got lost, and gives up in the end. */
  readonly isRepeating: boolean
  /** Carries a segment: in order, once, or not at all; inside this call where the lane has no length. */
  send(segment: Segment): void
  /** Carries a reset: at once, past what waits, and it may be lost. Nothing that was sent is repeated after it. */
  reset(): void
  /** Bytes that may be sent now. Where that is none, the sender is told (`hasRoom`) when there is room again. */
  room(): number
  /** The receiver has read. */
  consumed(): void
  /** Asks a silent peer whether it is there; null: does not. */
  keepAlive(settings: KeepAlive | null): void
  /** The sender sends nothing any more, and repeats nothing. */
  abandon(): void
}

/** One end of a connection, as its two lanes see it: it receives from one, and sends into the other. */
export interface LaneEnd {
  /** Receiver: bytes that have arrived and were not read. */
  readonly unread: number
  /** Receiver: the next segment is here. False: it was not taken, as if it had been lost. */
  arrive(segment: Segment): boolean
  /** The peer has reset the connection, or knows of none. */
  arriveReset(): void
  /** Sender: the other side is known to have it. */
  acknowledged(segment: Segment): void
  /** Sender: there is room again. */
  hasRoom(): void
  /** Sender: the network gave up carrying. */
  lost(status: Status): void
}

/** Both directions between two hosts, for one connection. */
export interface Lanes {
  readonly outward: Lane
  readonly homeward: Lane
}

/** One side of a connection. */
export interface LaneSide<Host> {
  readonly stack: Host
  /** Null for a local connection. */
  readonly at: TcpAddress | null
  readonly end: LaneEnd
}

/** The two sides of a connection. */
export interface LaneRequest<Host> {
  readonly client: LaneSide<Host>
  readonly server: LaneSide<Host>
}

/** The network under a set of hosts (`Stack`): in-memory, or simulated with distance and weather. */
export interface Fabric<Host> {
  readonly name: string
  /** Names of this network. */
  readonly lookup: Lookup
  /** Timers of the network's own time. */
  readonly clock: Clock
  /** The event loop that the handles of its hosts live on. */
  readonly loop: EventLoop
  /** The host that has an address, seen from another; a status where there is no way. */
  route(from: Host, to: TcpAddress): Host | Status
  lanes(request: LaneRequest<Host>): Lanes
  /** A handle of a stack began (`+1`) or ceased (`-1`) to keep the process waiting. */
  hold(by: 1 | -1): void
}
