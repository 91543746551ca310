// One connected stream out of several addresses (RFC 8305). Either as Node's autoSelectFamily does it: one attempt at a time,
// each given up after a timeout but for the last; or as the RFC has it: attempts overlap, and the first to connect wins. A
// single address is a race of one. It knows no socket.
import type { AddressFilter } from '../address/block-list'
import { isIP } from '../address/ip'
import { aggregateError, codedError } from '../errors/codes'
import { UV_EALREADY, UV_ECANCELED, UV_EINVAL, UV_ENAMETOOLONG, UV_ETIMEDOUT } from '../errors/errno'
import { eventError, systemError } from '../errors/system-error'
import { hostClock, setImmediate } from '../host'
import { applyOptions, openWithOptions } from '../socket-options/access'
import type { OptionSet } from '../socket-options/names'
import type {
  Address,
  Clock,
  Status,
  StreamHandle,
  TcpAddress,
  Timer,
  Transport,
} from '../transport/contract'
import { isTcpAddress } from '../transport/contract'

export interface RacePlan {
  readonly transport: Transport
  /** In the order to try them; at least one. */
  readonly targets: readonly Address[]
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  /** How long an attempt is waited for until the next begins. */
  readonly attemptTimeoutMs: number
  /** The one that is waited for goes on meanwhile. Default false: it is given up. */
  readonly overlaps?: boolean
  readonly blockList?: AddressFilter | undefined
  /** Set on each socket before it connects. */
  readonly socketOptions?: OptionSet | undefined
  /** A stream that is bound already, for the first attempt. */
  readonly prepared?: StreamHandle | null
}

/** Who watches a race. Any of these may call `cancel`; the first three throw nothing. */
export interface RaceWatcher {
  attempt(to: Address): void
  failed(to: Address, error: Error): void
  timedOut(to: TcpAddress): void
  /**
   * Once: the connected stream, or why there is none, with the stream of the last attempt, which is the watcher's to close.
   * Not called after `cancel`.
   */
  over(error: Error | null, stream: StreamHandle | null): void
}

/** Most races have one attempt at a time. */
const none: readonly StreamHandle[] = []

export class Race {
  readonly #plan: RacePlan
  readonly #watcher: RaceWatcher
  readonly #errors: NodeJS.ErrnoException[] = []
  readonly #attempted: string[] = []
  #next = 0
  /** The stream of the newest attempt; `#isPending` until that has an outcome. */
  #stream: StreamHandle | null = null
  #isPending = false
  /** Of the newest attempt. */
  #target: Address | null = null
  /** Those of attempts that are still under way behind it. */
  #others: readonly StreamHandle[] = none
  readonly #clock: Clock
  #timer: Timer | null = null
  #isOver = false
  #isRef = true

  constructor(plan: RacePlan, watcher: RaceWatcher) {
    this.#plan = plan
    this.#watcher = watcher
    this.#clock = plan.transport.clock ?? hostClock
  }

  /** What was tried so far, as `address:port`. */
  get attempted(): string[] {
    return this.#attempted
  }

  /** The stream of the attempt that is under way; of several, the newest. */
  get stream(): StreamHandle | null {
    return this.#stream ?? this.#others.at(-1) ?? null
  }

  /** Makes the first attempt. What fails at once is told at once. */
  start(): void {
    this.#tryNext()
  }

  /** Gives up; `over` is not called. Answers a stream that was under way, for the caller to close. */
  cancel(): StreamHandle | null {
    const { stream } = this
    this.#finish(stream)
    return stream
  }

  /** After `cancel`: of several addresses, the newest attempt has failed. */
  tellCancelled(): void {
    if (this.#isPending && this.#target !== null && this.#plan.targets.length > 1)
      this.#watcher.failed(this.#target, this.#connectError(this.#target, UV_ECANCELED))
  }

  /** Closes all streams but one. */
  #finish(kept: StreamHandle | null): void {
    this.#isOver = true
    this.#stopTimer()
    for (const stream of this.#streams()) if (stream !== kept) stream.close()
    this.#stream = null
    this.#others = none
  }

  #streams(): readonly StreamHandle[] {
    return this.#stream === null ? this.#others : [...this.#others, this.#stream]
  }

  setRef(isRef: boolean): void {
    this.#isRef = isRef
    for (const stream of this.#streams()) {
      if (isRef) stream.ref()
      else stream.unref()
    }
  }

  #stopTimer(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  #tryNext(): void {
    while (!this.#isOver) {
      const target = this.#plan.targets[this.#next++]
      // What overlaps may still win.
      if (target === undefined) return this.#others.length > 0 ? undefined : this.#lose()
      if (this.#attempt(target)) return
    }
  }

  /** False where the attempt has failed already. */
  #attempt(to: Address): boolean {
    const { targets } = this.#plan
    const isTcp = isTcpAddress(to)
    // That of a failed attempt.
    this.#stream?.close()
    this.#stream = null
    const stream = this.#open(to)
    if (stream instanceof Error) return this.#attemptFailed(to, stream, targets.length > 1)
    this.#stream = stream
    this.#isPending = true
    this.#target = to
    if (!this.#isRef) stream.unref()
    if (isTcp) {
      const refused = this.#prepare(stream, to)
      if (refused) return this.#attemptFailed(to, refused.error, refused.isTold)
      if (this.#stream !== stream) return false
      this.#attempted.push(`${to.address}:${to.port}`)
    } else this.#watcher.attempt(to)
    const status =
      isTcp && isBelied(to) ? UV_EINVAL : stream.connect(to, outcome => this.#settled(stream, to, outcome))
    if (status < 0 && !isTcp && status !== UV_EINVAL && status !== UV_ENAMETOOLONG) {
      // A transport may know of a path at once; in Node it is told later, as an attempt that failed.
      setImmediate(() => this.#settled(stream, to, status))
      return true
    }
    if (status < 0) return this.#attemptFailed(to, this.#refusal(to, status, stream), targets.length > 1)
    if (isTcp && this.#next < targets.length) {
      const { attemptTimeoutMs, overlaps } = this.#plan
      const timedOut = overlaps ? () => this.#overlap(stream) : () => this.#timedOut(stream, to)
      this.#timer = this.#clock.setTimeout(timedOut, attemptTimeoutMs)
      if (!this.#isRef) this.#timer.unref()
    }
    return true
  }

  /** The stream of an attempt, or why there is none that has its options. */
  #open(to: Address): StreamHandle | NodeJS.ErrnoException {
    const { transport, prepared, socketOptions } = this.#plan
    const given = this.#next === 1 ? (prepared ?? null) : null
    if (socketOptions === undefined || !isTcpAddress(to)) {
      return given ?? transport.stream(isTcpAddress(to) ? 'tcp' : 'pipe')
    }
    if (given !== null && given.fd >= 0) {
      const status = applyOptions(transport, given.fd, socketOptions)
      if (status < 0) given.close()
      return status < 0 ? systemError(status, 'setsockopt', addressIn(to)) : given
    }
    given?.close()
    const made = openWithOptions(transport, to.family, socketOptions)
    if ('refusedOption' in made) return systemError(made.refusedOption, 'setsockopt', addressIn(to))
    if (made.fd < 0) return unboundRefusal(to, made.fd)
    const stream = transport.adopt(made.fd, 'stream')
    if (typeof stream !== 'number') return stream
    transport.descriptors?.close([made.fd])
    return unboundRefusal(to, stream)
  }

  /** Binds and announces an attempt; what speaks against it, and whether the watcher hears of that as a failed attempt. */
  #prepare(stream: StreamHandle, to: TcpAddress): { error: NodeJS.ErrnoException; isTold: boolean } | null {
    const { blockList, targets } = this.#plan
    const isOneOfMany = targets.length > 1
    const isBlocked =
      !isBelied(to) && (blockList?.check(to.address, to.family === 'IPv6' ? 'ipv6' : 'ipv4') ?? false)
    if (!(isBlocked && isOneOfMany)) {
      const local = this.#localEnd(to)
      // A socket is of the family of the address that it is to connect to.
      const isOther = local !== null && local.family !== to.family
      const status = isOther ? UV_EINVAL : local ? stream.bind(local) : 0
      if (local && status < 0) return { error: systemError(status, 'bind', local), isTold: false }
      this.#watcher.attempt(to)
    }
    return isBlocked ? { error: codedError('ERR_IP_BLOCKED', to.address), isTold: isOneOfMany } : null
  }

  #localEnd(to: TcpAddress): TcpAddress | null {
    const { localAddress, localPort = 0 } = this.#plan
    if (localAddress === undefined && localPort === 0) return null
    const address = localAddress ?? (to.family === 'IPv6' ? '::' : '0.0.0.0')
    return { family: address.includes(':') ? 'IPv6' : 'IPv4', address, port: localPort }
  }

  /** Always false, for `#attempt` to answer. */
  #attemptFailed(to: Address, error: NodeJS.ErrnoException, isTold: boolean): false {
    this.#isPending = false
    this.#errors.push(error)
    if (isTold) this.#watcher.failed(to, error)
    return false
  }

  #settled(stream: StreamHandle, to: Address, status: Status): void {
    if (this.#isOver) return
    if (this.#others.includes(stream)) return this.#otherSettled(stream, to, status)
    if (this.#stream !== stream) return
    this.#stopTimer()
    if (status < 0) {
      this.#attemptFailed(to, this.#connectError(to, status), true)
      this.#tryNext()
    } else this.#win(stream)
  }

  #win(stream: StreamHandle): void {
    this.#finish(stream)
    this.#watcher.over(null, stream)
  }

  /** An attempt that another has overtaken has an outcome. */
  #otherSettled(stream: StreamHandle, to: Address, status: Status): void {
    if (status >= 0) return this.#win(stream)
    this.#others = this.#others.filter(other => other !== stream)
    const error = this.#connectError(to, status)
    this.#errors.push(error)
    const isLast = !this.#isPending && this.#others.length === 0
    // The last stream is the watcher's to close.
    if (isLast && this.#stream === null) this.#stream = stream
    else stream.close()
    this.#watcher.failed(to, error)
    if (isLast) this.#lose()
  }

  /** The next attempt begins, and this one goes on. */
  #overlap(stream: StreamHandle): void {
    if (this.#stream !== stream || this.#isOver) return
    this.#timer = null
    this.#others = [...this.#others, stream]
    this.#stream = null
    this.#isPending = false
    this.#tryNext()
  }

  #timedOut(stream: StreamHandle, to: TcpAddress): void {
    if (this.#stream !== stream || this.#isOver) return
    this.#stream = null
    this.#errors.push(this.#connectError(to, UV_ETIMEDOUT))
    stream.close()
    this.#watcher.timedOut(to)
    this.#tryNext()
  }

  /** Refused within the call: the error tells, in its message alone, from where. */
  #refusal(to: Address, status: Status, stream: StreamHandle): NodeJS.ErrnoException {
    if (!isTcpAddress(to)) {
      // Node's word for a path that is too long.
      const told = status === UV_ENAMETOOLONG ? UV_EINVAL : status
      return systemError(told, 'connect', { address: to.path, local: 'undefined:undefined' })
    }
    if (isBelied(to))
      return systemError(status, 'connect', {
        address: to.address,
        port: to.port,
        local: 'undefined:undefined',
      })
    const own = stream.sockname()
    if (typeof own !== 'object' || !isTcpAddress(own)) return unboundRefusal(to, status)
    const local = `${own.address}:${own.port}`
    return systemError(status, 'connect', { address: to.address, port: to.port, local })
  }

  /** What a second call of `connect` to an IP address gets while the race is on. */
  refusalOfAnother(to: TcpAddress): NodeJS.ErrnoException {
    const { stream } = this
    return stream === null ? this.#connectError(to, UV_EALREADY) : this.#refusal(to, UV_EALREADY, stream)
  }

  #connectError(to: Address, status: Status): NodeJS.ErrnoException {
    if (!isTcpAddress(to)) return eventError(status, 'connect', { address: to.path })
    const local = this.#localEnd(to)
    return eventError(status, 'connect', {
      address: to.address,
      port: to.port,
      localAddress: local?.address,
      localPort: local?.port,
    })
  }

  #lose(): void {
    if (this.#isOver) return
    this.#isOver = true
    const [first] = this.#errors
    const stream = this.#stream
    this.#stream = null
    this.#watcher.over(this.#errors.length > 1 ? aggregateError(this.#errors) : (first ?? null), stream)
  }
}

/** Refused before the system has given the attempt an address. */
function unboundRefusal(to: TcpAddress, status: Status): NodeJS.ErrnoException {
  const local = `${to.family === 'IPv6' ? '::' : '0.0.0.0'}:0`
  return systemError(status, 'connect', { address: to.address, port: to.port, local })
}

function addressIn(to: Address): { address: string; port?: number } {
  return isTcpAddress(to) ? { address: to.address, port: to.port } : { address: to.path }
}

/** An answer of a lookup may give the wrong family for its address; the system refuses such an address. */
function isBelied({ address, family }: TcpAddress): boolean {
  return isIP(address) !== (family === 'IPv6' ? 6 : 4)
}
