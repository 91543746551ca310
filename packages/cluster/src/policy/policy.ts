// What a balancing policy is. It knows no sockets and no processes.

/** One worker as a policy sees it. */
export interface Candidate {
  readonly id: number
  /** Connections that this worker holds now, those on their way to it included. */
  readonly connections: number
  /** Share that it should get beside the others; 1 unless told. */
  readonly weight: number
}

/** The connection to place. */
export interface Incoming {
  /** The peer's IP address; empty for local connections. */
  readonly remoteAddress: string
  readonly remotePort: number
}

/**
 * Chooses the worker for a connection. `candidates` has at least one entry, in the order of worker ids, and holds only
 * workers that can take one more. What is returned must be one of them; null leaves the connection waiting.
 */
export interface Policy {
  readonly name: string
  /** True where `pick` looks at the peer's address; reading it costs a system call a connection. */
  readonly needsAddress: boolean
  pick(candidates: readonly Candidate[], incoming: Incoming): Candidate | null
}
