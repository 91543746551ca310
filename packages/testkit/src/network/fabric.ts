// What a virtual network offers to the endpoints on it: turns, routes and lanes. It knows no endpoint code.
import type { AsyncResource } from 'node:async_hooks'
import type { Clock, Lookup, Status, TcpAddress } from '@x/core/transport'
import type { Stack } from './stack'

/** What a lane carries. Sizes count for bandwidth, kinds for the trace. */
export type SegmentKind = 'syn' | 'syn-ack' | 'data' | 'fin' | 'rst'

/** One direction of one connection. What is sent arrives in order, or not at all. */
export interface Lane {
  /** Largest piece that is worth sending at once, in bytes. */
  readonly segmentBytes: number
  /** Carries a segment; `arrive` is called when it is at the other side, at once where the lane has no length. */
  send(kind: SegmentKind, payload: Uint8Array | null, arrive: () => void): void
}

/** Both directions between two hosts, for one connection. `lost` tells that the network gave up carrying. */
export interface Lanes {
  readonly outward: Lane
  readonly homeward: Lane
}

/** The ends of a connection, as the trace names them. */
export interface LaneRequest {
  readonly from: Stack
  readonly to: Stack
  readonly fromLabel: string
  readonly toLabel: string
  /** Carrying towards `to` (or back) was given up: nothing more will arrive. */
  readonly outwardLost: (status: Status) => void
  readonly homewardLost: (status: Status) => void
}

/** The network under a set of stacks: in-memory, or simulated with distance and weather. */
export interface Fabric {
  readonly name: string
  /** Bytes that one direction of a connection holds between the writer and the reader. */
  readonly capacityBytes: number
  /** Names of this network. */
  readonly lookup: Lookup
  /** Timers of the network's own time; null where it is the host's. */
  readonly clock: Clock | null
  /** Runs a job in a later turn and in a context, jobs in the order they came, each in a turn of its own. */
  post(job: () => void, context: AsyncResource | null): void
  /** The stack that has an address, seen from another; a status where there is no way. */
  route(from: Stack, to: TcpAddress): Stack | Status
  lanes(request: LaneRequest): Lanes
  /** A handle of a stack began (`+1`) or ceased (`-1`) to keep the process waiting. */
  hold(by: 1 | -1): void
}
