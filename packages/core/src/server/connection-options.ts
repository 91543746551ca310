// The options of a server's connections, read once for all that have the same: callers may assign the server's properties
// at any time. It makes no socket.
import { getDefaultCoalesce } from '../process-state'
import { type ReadOptions, readOptions, type SocketConstructorOpts } from '../socket/options'

/** The properties of a server that are options of its connections. */
export interface ConnectionProperties {
  readonly allowHalfOpen: boolean
  readonly highWaterMark: number
  readonly noDelay: boolean
  readonly keepAlive: boolean
  readonly keepAliveInitialDelay: number
}

export class ConnectionOptions {
  readonly #coalesce: boolean | undefined
  #last: { readonly given: SocketConstructorOpts; readonly read: ReadOptions } | null = null

  constructor(coalesce: boolean | undefined) {
    this.#coalesce = coalesce
  }

  /** Throws as `readOptions`. */
  of(properties: ConnectionProperties): ReadOptions {
    const { allowHalfOpen, highWaterMark, noDelay, keepAlive, keepAliveInitialDelay } = properties
    const coalesce = this.#coalesce ?? getDefaultCoalesce()
    const last = this.#last
    if (
      last !== null &&
      last.given.allowHalfOpen === allowHalfOpen &&
      last.given.highWaterMark === highWaterMark &&
      last.given.noDelay === noDelay &&
      last.given.keepAlive === keepAlive &&
      last.given.keepAliveInitialDelay === keepAliveInitialDelay &&
      last.given.coalesce === coalesce
    ) {
      return last.read
    }
    const given = {
      allowHalfOpen,
      readable: true,
      writable: true,
      highWaterMark,
      noDelay,
      keepAlive,
      keepAliveInitialDelay,
      coalesce,
    }
    const read = readOptions(given)
    this.#last = { given, read }
    return read
  }
}
