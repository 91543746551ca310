// What a balancing policy is. It knows no sockets and no processes.

/** One worker as a policy sees it. */
export interface Candidate {
  /** The worker's id; a worker that replaces another has a new one. */
  readonly id: number
  /** Its place among the workers, from 0; a worker that replaces another has the same place. */
  readonly place: number
  /** Open connections of this worker, including those in transit to it. */
  readonly connections: number
  /** The worker's share of connections relative to the others. Default: 1. */
  readonly weight: number
}

/** The connection to assign. */
export interface Incoming {
  /** The peer's IP address; empty for local connections, and if the policy does not need it (`needsAddress`). */
  readonly remoteAddress: string
  readonly remotePort: number
  /** The bytes received so far, if the policy asks for them (`peek`), else empty. The worker reads all of them as well. */
  readonly firstBytes: Buffer
}

/** The first bytes that a policy needs to see before it picks. Each connection waits for its own and delays no other. */
export interface PeekOptions {
  /** Most bytes to look at, 1 to 65,536. Default: 4,096. */
  readonly maxBytes?: number
  /** Milliseconds to wait; then `pick` is called with the bytes received so far, possibly none. Default: 5,000. */
  readonly deadlineMs?: number
  /**
   * How many connections may wait. If one more comes, `pick` is called at once for the one that has waited longest.
   * Default: 1,024.
   */
  readonly maxWaiting?: number
  /**
   * Whether these bytes suffice for `pick`; called whenever more have come. If it throws or returns no boolean, that is
   * reported like a fault of `pick`, which is called with the bytes received so far. Default: any byte suffices.
   */
  readonly isEnough?: (firstBytes: Buffer) => boolean
}

/**
 * Chooses the worker for a connection. `candidates` has at least one entry, ordered by worker id; `pick` returns one of
 * them, or null to let the connection wait: then it is called again when anything changes with a worker, at the latest
 * after a second. If `pick` throws or returns anything else, that is reported (`ERR_X_CLUSTER_POLICY`, the cluster's
 * 'warning' event), and the connection goes to the next worker in turn.
 */
export interface Policy {
  readonly name: string
  /** True if `pick` uses the peer's address, which costs a system call for each connection. */
  readonly needsAddress: boolean
  /**
   * True: `candidates` are all workers that serve the address, and a connection waits for the chosen worker if that can
   * take no more at the moment. False (the default): `candidates` are only the workers that can take one more.
   */
  readonly isBinding?: boolean
  /**
   * The policy needs the first bytes of a connection (`incoming.firstBytes`). They are peeked at and stay in the socket.
   * Needs the native transport on Linux; elsewhere `startCluster` rejects and `setupPrimary` throws (`ERR_X_UNSUPPORTED`).
   */
  readonly peek?: PeekOptions
  pick(candidates: readonly Candidate[], incoming: Incoming): Candidate | null
}
