// What programs find as `_handle` of an open socket or server: the few members of Node's that they use. Undocumented in
// Node; it decides nothing.
import type { Address, HandleKind, Status } from '../transport/contract'
import { isTcpAddress } from '../transport/contract'

/** What the handles of connections and listeners have in common. */
export interface FacedHandle {
  readonly kind: HandleKind
  readonly fd: number
  sockname(): Address | Status
  ref(): void
  unref(): void
  close(done?: () => void): void
}

/** What only connections have. */
export interface FacedConnection {
  readonly isReading: boolean
  readonly handle: FacedHandle & {
    peername(): Address | Status
    readonly bytesRead: number
    readonly bytesWritten: number
    readonly writeQueueSize: number
  }
  read(): void
  stopReading(): void
}

/** The face of a listener, or of a connection that is being made. */
export class HandleFace {
  readonly #handle: FacedHandle
  readonly #asyncId: number
  #isRef = true

  constructor(handle: FacedHandle, asyncId: number) {
    this.#handle = handle
    this.#asyncId = asyncId
  }

  getAsyncId(): number {
    return this.#asyncId
  }

  get fd(): number {
    return this.#handle.fd
  }

  getsockname(out: object): Status {
    return fill(out, this.#handle.sockname())
  }

  close(callback?: () => void): void {
    this.#handle.close(callback)
  }

  ref(): void {
    this.#isRef = true
    this.#handle.ref()
  }

  unref(): void {
    this.#isRef = false
    this.#handle.unref()
  }

  hasRef(): boolean {
    return this.#isRef
  }
}

export class ConnectionFace extends HandleFace {
  readonly #connection: FacedConnection

  constructor(connection: FacedConnection, asyncId: number) {
    super(connection.handle, asyncId)
    this.#connection = connection
  }

  get reading(): boolean {
    return this.#connection.isReading
  }

  /** `node:http` assigns it beside its calls of `readStart` and `readStop`, which do the work. */
  set reading(_value: boolean) {}

  get bytesRead(): number {
    return this.#connection.handle.bytesRead
  }

  get bytesWritten(): number {
    return this.#connection.handle.bytesWritten
  }

  get writeQueueSize(): number {
    return this.#connection.handle.writeQueueSize
  }

  readStart(): Status {
    this.#connection.read()
    return 0
  }

  readStop(): Status {
    this.#connection.stopReading()
    return 0
  }

  getpeername(out: object): Status {
    return fill(out, this.#connection.handle.peername())
  }
}

function fill(out: object, address: Address | Status): Status {
  if (typeof address === 'number') return address
  if (isTcpAddress(address)) Object.assign(out, address)
  return 0
}
