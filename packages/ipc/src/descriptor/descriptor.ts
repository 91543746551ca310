// One descriptor between processes: what it is, what was read of it already, and whose it is now. It does not know how it
// travels.
import { systemError } from '@x/core/internal'
import type { StreamHandle, Transport } from '@x/core/transport'
import { ipcError } from '../errors/codes'

/**
 * `server`: a listening socket. `socket`: a connection, TCP or local. `pipe`: an end of a pipe(2) or FIFO. `fd`: any other
 * open file.
 */
export type DescriptorKind = 'server' | 'socket' | 'pipe' | 'fd'

const NOTHING = Buffer.alloc(0)

/** What a descriptor stands on: a bare number, a stream that owns it, or something with an owner of its own. */
interface Backing {
  /** Below 0 where the owner has closed it. */
  readonly fd: number
  readonly stream: StreamHandle | null
  /** The number becomes its taker's alone: the thread that received it does not close it any more when it ends. */
  leave?(): void
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
  /** No other code owns it: it is closed if it is garbage collected before it was taken or closed. Default: false. */
  readonly isSole?: boolean
}

/**
 * An open descriptor that belongs to the program: use it (`take`, `adoptSocket`, `adoptServer`), or `close` it. A
 * received one that is forgotten is closed when it is garbage collected. While it is being sent it can be neither
 * taken nor closed: then it belongs to the peer, or comes back.
 */
export class Descriptor {
  readonly kind: DescriptorKind
  /** Bytes of the connection that were read before it came here; they come before all that it will read. */
  readonly unread: Buffer
  readonly #backing: Backing
  readonly #onSettled: (() => void) | undefined
  /** `leaving`: it is being sent, and ours no more once it has arrived. `shared`: it is being sent, and stays ours. */
  #state: 'ours' | 'leaving' | 'shared' | 'gone' = 'ours'
  #departures = 0
  /** It was closed while it was being sent. */
  #isUnwanted = false

  private constructor(backing: Backing, options: DescriptorOptions) {
    this.#backing = backing
    this.kind = options.kind ?? 'fd'
    this.unread = options.unread ?? NOTHING
    this.#onSettled = options.onSettled
    if (options.isSole) forgotten.register(this, { backing, onSettled: options.onSettled }, this)
  }

  /** Owns the descriptor of that number from now on. */
  static ofNumber(transport: Transport, fd: number, options: DescriptorOptions = {}): Descriptor {
    const leave = () => transport.descriptors?.take([fd])
    const close = () => transport.descriptors?.close([fd])
    return new Descriptor({ fd, stream: null, leave, close }, options)
  }

  /** Owns the stream from now on. */
  static ofStream(stream: StreamHandle, options: DescriptorOptions = {}): Descriptor {
    const backing = {
      get fd() {
        return stream.fd
      },
      stream,
      close: () => stream.close(),
    }
    return new Descriptor(backing, { kind: 'socket', isSole: true, ...options })
  }

  /** Stands for something that its owner closes in a way of its own. */
  static ofOwner(owner: { readonly fd: number }, close: () => void, options: DescriptorOptions): Descriptor {
    const backing = {
      get fd() {
        return owner.fd
      },
      stream: null,
      close,
    }
    return new Descriptor(backing, options)
  }

  /** The number, to look at; -1 once it was taken or closed. */
  get fd(): number {
    return this.#state === 'gone' ? -1 : this.#backing.fd
  }

  /** Whether it can be taken, closed or sent. */
  get isOurs(): boolean {
    return this.#state === 'ours' && this.#backing.fd >= 0
  }

  /**
   * Takes the number; from now on the caller must close it.
   *
   * @throws `ERR_X_DESCRIPTOR_GONE` where it was taken or closed before, or is being sent; `EMFILE` where a stream has to
   * give it away and the process has no room for one more.
   */
  take(): number {
    this.#check()
    const { stream, fd } = this.#backing
    const number = stream === null ? fd : stream.release()
    if (number < 0) throw systemError(number, 'dup')
    this.#settle()
    this.#backing.leave?.()
    return number
  }

  /** The stream that owns it, to keep; null where it is a bare number, which is then taken through `take`. */
  takeStream(): StreamHandle | null {
    this.#check()
    if (this.#backing.stream !== null) this.#settle()
    return this.#backing.stream
  }

  /** Closes it if it was not taken; if it is being sent, once it is back. Idempotent. */
  close(): void {
    if (this.#state === 'gone') return
    if (this.#state !== 'ours') {
      this.#isUnwanted = true
      return
    }
    this.#settle()
    this.#backing.close()
  }

  /** @internal It is being sent; with `keep` it stays ours. The caller has asked `maySend`. */
  depart(keep: boolean): void {
    this.#state = keep ? 'shared' : 'leaving'
    this.#departures++
  }

  /** @internal Whether it can be sent now: one that stays ours may go to several at once. */
  maySend(keep: boolean): boolean {
    if (this.#backing.fd < 0) return false
    return this.#state === 'ours' || (keep && this.#state === 'shared')
  }

  /** @internal The peer has it. */
  arrive(): void {
    if (this.#state === 'leaving') this.#isUnwanted = true
    this.comeBack()
  }

  /** @internal The peer does not have it, or we keep it all the same. */
  comeBack(): void {
    if (--this.#departures > 0) return
    this.#state = 'ours'
    if (this.#isUnwanted) this.close()
  }

  #check(): void {
    if (this.#state === 'gone') throw ipcError('ERR_X_DESCRIPTOR_GONE', 'was taken or closed before')
    if (this.#state !== 'ours') throw ipcError('ERR_X_DESCRIPTOR_GONE', 'is being sent')
  }

  #settle(): void {
    this.#state = 'gone'
    forgotten.unregister(this)
    this.#onSettled?.()
  }
}
