// The transport contract: what every way of moving bytes offers the classes above it. Types and the words of
// the contract only; it knows no transport, no stream class and no error object.

/**
 * The outcome of an operation: 0 or more where it succeeded, else a negative libuv error number
 * (`UV_ECONNREFUSED` and so on, see `errors/errno`). No layer below the classes builds an Error.
 */
export type Status = number

/** `tcp`: TCP over IPv4 or IPv6. `pipe`: Unix domain sockets, abstract names, Windows named pipes. */
export type HandleKind = 'tcp' | 'pipe'

/** An IPv4 or IPv6 endpoint. A scope id is part of `address` (`fe80::1%eth0`). */
export interface TcpAddress {
  readonly family: 'IPv4' | 'IPv6'
  readonly address: string
  readonly port: number
}

/** A local endpoint. A leading NUL byte means Linux's abstract namespace; the empty path is an unnamed peer. */
export interface PathAddress {
  readonly path: string
}

/** Where an endpoint is: TCP or local. `isTcpAddress` tells which. */
export type Address = TcpAddress | PathAddress

/** How an address is bound. Each flag is off by default, except `reuseAddress`. */
export interface BindFlags {
  /** Do not accept IPv4 on an IPv6 socket (`IPV6_V6ONLY`, RFC 3493 5.3). */
  readonly ipv6Only?: boolean
  /** Let several sockets bind the same port (`SO_REUSEPORT`). */
  readonly reusePort?: boolean
  /**
   * `SO_REUSEADDR`; for TCP on POSIX true by default. Without it no other socket can bind the port while this one has it,
   * listening or not: a port lease needs that.
   */
  readonly reuseAddress?: boolean
  /** Permission bits of a socket file. The file has them before anyone can connect. */
  readonly mode?: number
}

/** One option of a connection. `setOption` answers `UV_ENOTSUP` for what the platform lacks. */
export type StreamOption =
  | { readonly name: 'noDelay'; readonly enable: boolean }
  | {
      readonly name: 'keepAlive'
      readonly enable: boolean
      /** Idle seconds before the first probe; 0 keeps the system's. */
      readonly delaySeconds: number
      /** Seconds between probes; 0 keeps the system's. */
      readonly intervalSeconds: number
      /** Unanswered probes before the connection is dropped; 0 keeps the system's. */
      readonly count: number
    }
  /** The IPv4 TOS byte or IPv6 traffic class, 0 to 255. */
  | { readonly name: 'typeOfService'; readonly value: number }

/** Process and user behind a local connection (`SO_PEERCRED`, unix(7)). */
export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** Receives what a stream reads. */
export interface ReadSink {
  /** Bytes, never empty. They belong to the receiver: the transport does not write to them again, unless they are from `into`. */
  onData(chunk: Buffer): void
  /** The peer has ended its side. Called once; writing goes on. */
  onEnd(): void
  /** Reading failed; nothing more is read. Called once. */
  onError(status: Status): void
  /**
   * If present, each read fills the buffer that this returns, and `onData` gets a view of its start (Node's `onread`
   * option).
   */
  into?(): Uint8Array
}

/** Decides whether bytes are moved past the sink. */
export interface SpliceGate {
  /**
   * Called when bytes have arrived: true moves them, false reads them, null reads them and ends the splice. It must not
   * call a handle; an exception counts as null.
   */
  mayMove(): boolean | null
}

/**
 * A connection, what will become one, or the descriptor of a pipe: a long-lived handle, closed once. Before it is
 * connected `readStart`, `write` and `shutdown` answer a status below 0 (`UV_ENOTCONN`), and so does everything but
 * `close` once it is closing (`UV_EBADF`). No method is optional: what the transport lacks answers `UV_ENOTSUP`.
 *
 * Context (law 12 beside those of the design): every callback sees the `AsyncLocalStorage` store of the call that asked
 * for it, or of the `connect` or `listen` behind its handle; what an accepted stream itself tells (reads, its end, its
 * close) may see none, as with node:net.
 */
export interface StreamHandle {
  readonly kind: HandleKind
  /** Source address, before `connect`. */
  bind(at: TcpAddress, flags?: BindFlags): Status
  /**
   * 0: under way, `done` is called once. < 0: refused, `done` is not called. On a connected stream it is what the system
   * makes of a second connect(2), or `UV_EISCONN`; the connection stays.
   */
  connect(to: Address, done: (status: Status) => void): Status
  /** Own and peer address, or a status (`UV_ENOTCONN`, `UV_EBADF` once closed). */
  sockname(): Address | Status
  peername(): Address | Status
  /** Starts or restarts reading; 0 where it runs already. A second call may bring a new sink. */
  readStart(sink: ReadSink): Status
  readStop(): Status
  /**
   * Sends the chunks in order. 1: the system took all of it, `done` is not called. 0: queued, `done` is called
   * once, when the last byte is with the system or it failed. < 0: failed, `done` is not called. The caller
   * leaves the chunks alone until then. Several writes may be queued; they are sent in order.
   *
   * `isLast`: the caller calls `shutdown` next, within the same call of its own, so that the transport may let the bytes
   * leave with the end. It may as well take no notice.
   */
  write(chunks: readonly Uint8Array[], done: (status: Status) => void, isLast?: boolean): Status
  /**
   * Whether the system knows that the peer has ended its side or reset the connection, even if the sink was not told yet:
   * a write may then fail. False if that is unknown.
   */
  hasPeerLeft(): boolean
  /**
   * Sends up to `size` bytes of a regular file, from `offset` on, within the call: how many the system took; 0 at the end
   * of the file; `UV_EAGAIN` where it takes none now, or writes are queued; `UV_ENOTSUP` where that cannot be.
   */
  sendFile(fd: number, offset: number, size: number): number
  /**
   * From now on what comes in while this stream is read may go to `to` inside the system, where the sink does not see it:
   * `gate` is asked before each move. What `to` does not take at once goes to the sink, and so do the peer's end and
   * errors; the counters have the bytes as if they had been read and written. 0: it may. `UV_EBUSY` where another stream
   * is spliced into `to`; `UV_ENOTSUP` where the transport cannot, or the stream is decorated. A second call names another `to`.
   */
  splice(to: StreamHandle, gate: SpliceGate): Status
  /**
   * Ends our side (FIN) once what is queued has gone out. 0: `done` is called once. < 0: it is not. A pipe, which has no
   * such end, is over when it is closed; `done` gets 0.
   */
  shutdown(done: (status: Status) => void): Status
  /** Closes with RST where the kind has one (TCP), else closes. 0: `done` is called once, as for `close`. */
  reset(done: () => void): Status
  /** An option that is set before `connect` takes effect then. */
  setOption(option: StreamOption): Status
  /** The option's value, or a negative status. */
  getOption(name: 'typeOfService'): number
  /**
   * Idempotent. What is pending is called back with `UV_ECANCELED` first, then `done`, once, in a later turn. A call on
   * a stream that is closing or closed has its own `done` called too.
   */
  close(done?: () => void): void
  ref(): void
  unref(): void
  /**
   * Gives the descriptor away: answers it, or a status, and closes the handle but not the connection. `UV_EBUSY` while
   * writes are queued, `UV_ENOTSUP` where there are no descriptors. Nothing is read any more; what the sink has is the
   * caller's to pass on.
   */
  release(): number
  /** Peer's credentials (`kind` pipe), or a status: `UV_ENOTSUP` unless `supports('credentials')`. */
  peerCredentials(): PeerCredentials | Status
  /**
   * A descriptor of the peer's process (pidfd_open(2), by `SO_PEERPIDFD`), which is the caller's to close, or a status:
   * `UV_ENOTSUP` before Linux 6.5 and elsewhere.
   */
  peerPidfd(): number
  /** Bytes read and handed over so far, and bytes given to `write` that the system has taken. */
  readonly bytesRead: number
  readonly bytesWritten: number
  /**
   * The handle of the host's `net` that reads for this stream, from which `node:http` takes bytes without asking for them
   * here; null where there is none, or where its bytes are not those of this stream.
   */
  readonly hostHandle: object | null
  /** Bytes given to `write` that the system has not taken yet. */
  readonly writeQueueSize: number
  /** The descriptor, or -1 if there is none. */
  readonly fd: number
}

/**
 * Receives accepted streams. With a negative status and no stream: accepting failed for now (`UV_EMFILE`: told
 * once per shortage; the transport retries by itself and loses nothing of the backlog).
 */
export type AcceptSink = (status: Status, stream: StreamHandle | null) => void

/** One listening socket: a long-lived handle, closed once. What the transport lacks answers `UV_ENOTSUP`. */
export interface ListenerHandle {
  readonly kind: HandleKind
  /** Binds. `SO_REUSEADDR` is set for TCP on POSIX unless a flag says otherwise. < 0: refused. */
  bind(at: Address, flags?: BindFlags): Status
  /**
   * 1: listening now, `done` is not called. 0: `done` is called once with the outcome. < 0: refused, `done` is not
   * called. Accepted streams deliver nothing before their `readStart`.
   */
  listen(backlog: number, accept: AcceptSink, done: (status: Status) => void): Status
  /**
   * As `listen`, but hands over bare descriptors, all that one wake-up accepted at once, without making streams of
   * them. They stay with the thread until they are taken (see `DescriptorOperations.take`). `UV_ENOTSUP` where there are
   * no descriptors.
   */
  listenDescriptors(
    backlog: number,
    accept: (status: Status, fds: readonly number[]) => void,
    done: (status: Status) => void,
  ): Status
  /** Stops and restarts accepting; connections wait in the backlog. `UV_ENOTSUP` if the transport cannot. */
  pause(): Status
  resume(): Status
  sockname(): Address | Status
  /**
   * Idempotent; does not touch accepted streams. A `listen` under way is called back with `UV_ECANCELED` first. `done`,
   * once for each call, in a later turn. Unlinks a socket file that it bound itself.
   */
  close(done?: () => void): void
  /**
   * Gives the descriptor away: answers it, or a status (`UV_ENOTSUP` where there are no descriptors), and closes the
   * handle, but neither the socket nor its path.
   */
  release(): number
  ref(): void
  unref(): void
  readonly fd: number
}

/** Receives what arrives on a handoff channel. */
export interface HandoffSink {
  /**
   * Bytes as they arrived in one `recvmsg`, and the descriptors that came with them (often none). They belong to the
   * last message of the peer that starts in these bytes, and to no other. `truncated`: such descriptors came, and are
   * gone: the process was at its limit and the system would hand over only some (`MSG_CTRUNC`, recvmsg(2)); `fds` is
   * empty then, and the next descriptors belong to a later message.
   */
  onMessage(data: Buffer, fds: readonly number[], truncated: boolean): void
  onEnd(): void
  /** Receiving failed; nothing more is received. A shortage is no such failure. Told once. */
  onError(status: Status): void
  /**
   * The system is short of something that sending or receiving needs (`ETOOMANYREFS`: too many descriptors of this user
   * are under way; `ENOBUFS`, `ENOMEM`, `EMFILE`). The channel tries again every few milliseconds and loses neither a
   * message nor its place; told once per shortage.
   */
  onShortage?(status: Status): void
}

/** Bytes and descriptors over a Unix-domain stream (`SCM_RIGHTS`, unix(7)). */
export interface HandoffChannel {
  /**
   * Sends the bytes with the descriptors attached to their first byte; at most 253 descriptors, and at least one
   * byte where there is one. Same three answers as `StreamHandle.write`; in a shortage the message waits (answer 0), and
   * what is sent after it waits behind it. The descriptors stay open and stay the sender's: they may be closed once the
   * send has succeeded (answer 1, or `done`).
   */
  send(data: Uint8Array, fds: readonly number[], done: (status: Status) => void): Status
  receive(sink: HandoffSink): Status
  /** Stops receiving until the next `receive`. */
  pause(): void
  /** Gives what has arrived to the sink of the last `receive`, within this call, even while paused. */
  receiveNow(): void
  close(done?: () => void): void
  ref(): void
  unref(): void
  readonly fd: number
}

/**
 * What a transport may lack and a caller must know before it tries: see `supports`. All else shows when it is tried:
 * `descriptors`, `lookup` and `clock` are null, or a call answers `UV_ENOTSUP`.
 */
export type Feature =
  | 'abstract-path' // Linux abstract names are names of their own
  | 'credentials' // StreamHandle.peerCredentials
  | 'sync-listen' // bind binds, and ListenerHandle.listen answers 1 or < 0, never 0

/** `dns.lookup`'s form, as Node's `lookup` option takes it. */
export type Lookup = (
  hostname: string,
  options: { readonly family?: number | 'IPv4' | 'IPv6'; readonly hints?: number; readonly all?: boolean },
  callback: (
    error: NodeJS.ErrnoException | null,
    address: string | { address: string; family: number }[],
    family?: number,
  ) => void,
) => void

/** A timer of a `Clock`. */
export interface Timer {
  /** Starts its time anew. */
  refresh(): unknown
  /** Whether it keeps the process alive; it does until `unref`. */
  ref(): unknown
  unref(): unknown
}

/** The time and the timers of a network that has a time of its own. */
export interface Clock {
  /** Milliseconds since some moment; it never goes back. */
  now(): number
  /** Calls back once after so many milliseconds of that time. */
  setTimeout(callback: () => void, ms: number): Timer
  clearTimeout(timer: Timer): void
}

/** All that moves bare descriptors between handles and processes (POSIX). */
export interface DescriptorOperations {
  /** Takes over a connected Unix-domain stream descriptor, or a status (then it stays the caller's). */
  channel(fd: number): HandoffChannel | Status
  /** A connected pair of Unix-domain stream descriptors (socketpair(2)), close-on-exec, or a status. */
  socketPair(): readonly [number, number] | Status
  /** Another descriptor of the same socket (dup(2)), close-on-exec, or a status. */
  duplicate(fd: number): number
  /** Peer address of a connected descriptor, without taking it over, or a status. */
  peerOf(fd: number): Address | Status
  /**
   * Descriptors that came in (`HandoffSink.onMessage`, `listenDescriptors`) stay with the thread that received them: what
   * is still there when a worker thread ends is closed then, so that a thread which is terminated leaves none open. `adopt` and
   * `channel` take a descriptor over, `close` closes it. Whoever closes it in another way, or hands it to somebody who
   * does, calls `take` first: from then on it is the caller's alone. Others are left alone.
   */
  take(fds: readonly number[]): void
  /** Closes descriptors; those of a handle of this thread are left to it. */
  close(fds: readonly number[]): void
  /**
   * Locks the whole file (flock(2)) without waiting: `UV_EAGAIN` where another process has it. The lock ends with the
   * descriptor.
   */
  lockFile(fd: number): Status
  /**
   * Whether a socket is bound to this path, without connecting to it: 0 where one is, whether it listens or not;
   * `UV_ECONNREFUSED` where its process is gone (or it never was a socket), `UV_ENOENT` where there is nothing.
   */
  probe(path: string): Status
  /** Programs that this process starts do not get the descriptor from now on (`FD_CLOEXEC`, fcntl(2)). */
  closeOnExec(fd: number): Status
  /**
   * Sends one datagram to the Unix-domain socket at the path, with descriptors beside it (253 at most; they stay the sender's), without
   * waiting: `UV_EAGAIN` where its receiver is behind.
   */
  sendDatagram(path: string, data: Uint8Array, fds: readonly number[]): Status
  /**
   * The descriptor of a TCP socket, close-on-exec, that is neither bound nor connected, or a status: for options that have
   * to be set before. It is the caller's to close, or to have adopted; `bind` of the handle that adopts it binds it.
   * `isMultipath`: MPTCP (RFC 8684), `UV_EPROTONOSUPPORT` where the system has none.
   */
  openSocket(family: 'IPv4' | 'IPv6', isMultipath: boolean): number
  /** Level and number of each named option, one pair after the other; -1 for what the system lacks. */
  optionNumbers(): readonly number[]
  /** setsockopt(2). */
  setOption(fd: number, level: number, name: number, value: Uint8Array): Status
  /** getsockopt(2): how many bytes of `into` the system has filled, or a status. */
  getOption(fd: number, level: number, name: number, into: Uint8Array): number
  /**
   * Looks at what has come on a connected stream socket, and leaves it there (`MSG_PEEK`, recv(2)): who takes the socket over
   * later reads all of it. The descriptor stays the caller's, and must be open until `stop`. `most`: bytes, 65,536 at most.
   * It keeps no process alive. A status where it cannot be (`UV_EBADF`, `UV_EPERM`, `UV_ENOMEM`, `UV_EEXIST` where it is looked
   * at already). Null where the platform cannot.
   */
  readonly peek: ((fd: number, most: number, seen: PeekSink) => Peek | Status) | null
}

/**
 * Told of all that has come so far (a buffer of its own), whenever that is more than before: 1 where more may follow; 0 where
 * nothing more is to be seen, since the stream has ended or `most` is reached; below 0 where the connection has failed. After 0
 * or less it is over.
 */
export type PeekSink = (status: Status, bytes: Buffer) => void

/** A look at a descriptor that is under way. */
export interface Peek {
  /** Ends it; nothing is told any more. Before the descriptor is closed, or given to anybody. */
  stop(): void
}

/** A way of moving bytes: what makes the handles. The laws in `docs/design.md` hold for each. */
export interface Transport {
  /** `native`, `portable`, `memory`, `simulated`, ... */
  readonly name: string
  supports(feature: Feature): boolean
  listener(kind: HandleKind): ListenerHandle
  stream(kind: HandleKind): StreamHandle
  /**
   * Takes over a descriptor: a listening or bound socket as `listener`, a connected socket, pipe(2) end or FIFO as
   * `stream`. The kind is read off the descriptor, unless the caller knows it (`kind`, of a connected socket that was
   * accepted elsewhere: nothing is looked at then). From success on the handle owns the descriptor and closes it.
   * A status where it is not open, or not of that sort (`UV_EBADF`, `UV_EINVAL`, `UV_ENOTSOCK`), or a handle of this
   * thread has it (`EEXIST`); `UV_ENOTSUP` where the transport takes no descriptors.
   */
  adopt(fd: number, as: 'listener'): ListenerHandle | Status
  adopt(fd: number, as: 'stream', kind?: HandleKind): StreamHandle | Status
  /** What moves bare descriptors; null where the network has none, or cannot pass them on. */
  readonly descriptors: DescriptorOperations | null
  /** Resolves names in place of `dns.lookup`, where the network has names of its own and the user brought no `lookup`. */
  readonly lookup: Lookup | null
  /** The time of a network that has one of its own; null stands for the host's. */
  readonly clock: Clock | null
}

/** True for a TCP address, false for a path. */
export function isTcpAddress(address: Address | { readonly fd: number }): address is TcpAddress {
  return 'port' in address
}
