// What a balancing policy is. It knows no sockets and no processes.

/** One worker as a policy sees it. */
export interface Candidate {
  /** The worker's number; a worker that takes another's place has a new one. */
  readonly id: number
  /** Its place among the workers, from 0; a successor has its predecessor's. */
  readonly place: number
  /** Connections that this worker holds now, those on their way to it included. */
  readonly connections: number
  /** Share that it should get beside the others; 1 unless told. */
  readonly weight: number
}

/** The connection to place. */
export interface Incoming {
  /** The peer's IP address; empty for local connections, and where the policy does not need it. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** What has come so far, where the policy has asked for it (`peek`); else empty. The worker reads all of it as well. */
  readonly firstBytes: Buffer
}

/** The first bytes that a policy wants to see before it picks. Each connection waits for its own, and holds up no other. */
export interface PeekOptions {
  /** At most so many are looked at; 4,096 unless told, 65,536 at most. */
  readonly maxBytes?: number
  /** Milliseconds that a client has; then `pick` goes by what has come, which may be nothing. 5,000 unless told. */
  readonly deadlineMs?: number
  /**
   * How many connections may wait; 1,024 unless told. Where one more comes, the one that has waited longest is picked for by
   * what has come on it.
   */
  readonly maxWaiting?: number
  /**
   * Whether `pick` can tell from these, asked whenever more have come; any byte is enough unless told. Where it throws, or
   * answers no boolean, that is told as a fault of `pick` is, and `pick` goes by what has come.
   */
  readonly isEnough?: (firstBytes: Buffer) => boolean
}

/**
 * Chooses the worker for a connection. `candidates` has at least one entry, in the order of worker ids. What is returned
 * must be one of them. Null leaves the connection waiting: `pick` is asked again when anything changes with a worker, and
 * at the latest after a second. Where `pick` throws or answers something else, that is told (`ERR_X_CLUSTER_POLICY`, the
 * cluster's 'warning' event) and the connection goes to the next worker in turn.
 */
export interface Policy {
  readonly name: string
  /** True where `pick` looks at the peer's address; reading it costs a system call a connection. */
  readonly needsAddress: boolean
  /**
   * True where the choice holds also for a worker that takes no more for the moment: the connection then waits for that
   * worker, and `candidates` are all workers that serve the address. False (the default): `candidates` are those that can
   * take one more.
   */
  readonly isBinding?: boolean
  /**
   * The policy sees the first bytes of a connection, as `incoming.firstBytes`. They are looked at and stay in the socket. Where the
   * platform cannot (all but the native transport on Linux), `startCluster` rejects and `setupPrimary` throws
   * (`ERR_X_UNSUPPORTED`).
   */
  readonly peek?: PeekOptions
  pick(candidates: readonly Candidate[], incoming: Incoming): Candidate | null
}
