// What a server and a source of listeners (this process, or a cluster's primary) know of each other. Types only.
import type {
  AcceptSink,
  Address,
  BindFlags,
  HandleKind,
  ListenerHandle,
  Status,
  Transport,
} from '../transport/contract'

/** The server behind a request, as far as a source of listeners may ask of it. */
export interface ListenRequester {
  /**
   * False while the server takes no more connections (`maxConnections`). A source that hands over connections one by
   * one asks before each, and gives it to somebody else; the server still drops what comes all the same. `promised`: how
   * many it is about to get that it does not count yet.
   */
  hasRoom(promised: number): boolean
  /** Connections that are open now. */
  connections(): number
  /** Closes the server as `server.close()` does; `done` once its last connection has ended. */
  close(done: () => void): void
}

/** What a server asks for when it listens; the one thing that a cluster sees of it. */
export interface ListenRequest {
  readonly transport: Transport
  readonly kind: HandleKind
  /** Where to bind, or the descriptor to take over. */
  readonly at: Address | { readonly fd: number }
  readonly flags: BindFlags
  readonly backlog: number
  /** The listener must not be shared with other processes (Node's `exclusive`). */
  readonly exclusive: boolean
  /** True where the caller named no host, and `at` is the unspecified address for that reason. */
  readonly isAnyHost?: boolean
  /** The server that asks, where there is one. */
  readonly server?: ListenRequester
}

/**
 * Where listeners come from: this process, or (in a worker of a cluster) the primary. `done` is called once with 0 and
 * a listening handle, or with a negative status and null; a source that has its answer at once calls it inside `open`.
 */
export interface ListenerSource {
  open(
    request: ListenRequest,
    accept: AcceptSink,
    done: (status: Status, listener: ListenerHandle | null) => void,
  ): void
}
