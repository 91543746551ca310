// One descriptor on its way between processes: what it is, what was read of it already, and who closes it. It does not
// know how it travels.
import { type StreamHandle, systemError, type Transport } from '@x/core/transport'
import { ipcError } from '../errors/codes'

/**
 * `server`: a listening socket. `socket`: a connection, TCP or local. `pipe`: an end of a pipe(2) or FIFO. `fd`: any other
 * open file.
 */
export type DescriptorKind = 'server' | 'socket' | 'pipe' | 'fd'

const NOTHING = Buffer.alloc(0)

/** What a descriptor stands on: a bare number, or a stream that owns it. */
interface Backing {
  readonly fd: number
  readonly stream: StreamHandle | null
  close(): void
}

/** What is left of a descriptor that nobody can reach any more. */
interface Forgotten {
  readonly backing: Backing
  readonly onSettled: (() => void) | undefined
}

const forgotten = new FinalizationRegistry<Forgotten>(({ backing, onSettled }) => {
  onSettled?.()
  backing.close()
})

/** What is known of a descriptor besides its number. */
export interface DescriptorOptions {
  readonly kind?: DescriptorKind
  /** Bytes that were read off a connection before it was sent. */
  readonly unread?: Buffer
  /** Hears once it was taken or closed. */
  readonly onSettled?: () => void
  /** Nobody else knows of it: it is closed where it is collected before it was taken or closed. Default: false. */
  readonly isSole?: boolean
}

/**
 * An open descriptor that is yours: make something of it (`take`, or `socketOf`, `serverOf`), or `close` it. One that came
 * from elsewhere and is forgotten is closed when it is collected.
 */
export class Descriptor {
  readonly kind: DescriptorKind
  /** Bytes of the connection that were read before it came here; they come before all that it will read. */
  readonly unread: Buffer
  readonly #backing: Backing
  readonly #onSettled: (() => void) | undefined
  #isSettled = false

  private constructor(backing: Backing, options: DescriptorOptions) {
    this.#backing = backing
    this.kind = options.kind ?? 'fd'
    this.unread = options.unread ?? NOTHING
    this.#onSettled = options.onSettled
    if (options.isSole) forgotten.register(this, { backing, onSettled: options.onSettled }, this)
  }

  /** Owns the descriptor of that number from now on. */
  static ofNumber(transport: Transport, fd: number, options: DescriptorOptions = {}): Descriptor {
    const close = () => transport.closeDescriptors?.([fd])
    return new Descriptor({ fd, stream: null, close }, options)
  }

  /** Owns the stream from now on. */
  static ofStream(stream: StreamHandle, options: DescriptorOptions = {}): Descriptor {
    const close = () => stream.close()
    return new Descriptor({ fd: stream.fd, stream, close }, { kind: 'socket', isSole: true, ...options })
  }

  /** Stands for something that its owner closes in a way of its own. */
  static ofOwner(fd: number, close: () => void, options: DescriptorOptions): Descriptor {
    return new Descriptor({ fd, stream: null, close }, options)
  }

  /** The number, to look at; -1 once it was taken or closed. */
  get fd(): number {
    return this.#isSettled ? -1 : this.#backing.fd
  }

  /**
   * The number, to keep: closing it is the caller's from now on.
   *
   * @throws `ERR_X_CHANNEL_CLOSED` where it was taken or closed before; `EMFILE` where a stream has to give it away and
   * the process has no room for one more.
   */
  take(): number {
    const { stream, fd } = this.#backing
    const number = stream === null || this.#isSettled ? fd : stream.release!()
    if (number < 0) throw systemError(number, 'dup')
    this.#settle()
    return number
  }

  /** The stream that owns it, to keep; null where it is a bare number, which is then taken through `take`. */
  takeStream(): StreamHandle | null {
    if (this.#backing.stream !== null) this.#settle()
    return this.#backing.stream
  }

  /** Closes it, where nobody took it. Idempotent. */
  close(): void {
    if (this.#isSettled) return
    this.#settle()
    this.#backing.close()
  }

  #settle(): void {
    if (this.#isSettled) throw ipcError('ERR_X_CHANNEL_CLOSED', 'The descriptor was taken or closed before')
    this.#isSettled = true
    forgotten.unregister(this)
    this.#onSettled?.()
  }
}
