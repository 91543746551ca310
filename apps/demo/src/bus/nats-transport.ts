// The bytes between the NATS client and its server, over a socket of @x/core: the client takes what follows its `Transport`. It
// reads the server's first line, INFO, as the client wants it, and knows no other word of the protocol.
import type { ConnectionOptions, Server, Transport } from '@nats-io/nats-core/internal'
import { checkOptions, extractProtocolMessage, INFO } from '@nats-io/nats-core/internal'
import { version } from '../../package.json'
import { connect, type Socket } from '../net'

/** The longest first line of a server. */
const INFO_BYTES = 64 * 1024

export class NatsTransport implements Transport {
  readonly lang = 'nats.js'
  readonly version = version
  closeError?: Error
  readonly #onDrain: () => void
  readonly #closed: Promise<void | Error>
  #settle: (error: Error | undefined) => void = () => {}
  #socket: Socket | null = null
  #begun: Buffer = Buffer.alloc(0)
  #isClosed = false

  /** @param onDrain called when the socket takes more, after `isWritable` was false */
  constructor(onDrain: () => void) {
    this.#onDrain = onDrain
    this.#closed = new Promise(resolve => {
      this.#settle = error => resolve(error)
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether more goes to the system instead of waiting in memory. */
  get isWritable(): boolean {
    return this.#socket !== null && !this.#socket.writableNeedDrain
  }

  async connect(server: Server, options: ConnectionOptions): Promise<void> {
    const socket = connect({ host: server.hostname, port: server.port, noDelay: true })
    this.#socket = socket
    try {
      const line = await this.#firstLine(socket)
      const words = INFO.exec(line)
      if (words === null) throw new Error('what answers there is no NATS server')
      const info = JSON.parse(words[1]!)
      checkOptions(info, options)
      if (info.tls_required) throw new Error('the server wants TLS, which the demo does not speak to it')
    } catch (error) {
      // An attempt that failed is no connection that has ended: the client hears of it by this rejection alone.
      this.#isClosed = true
      socket.destroy()
      throw error
    }
    socket.on('drain', this.#onDrain)
    socket.on('close', () => this.#end(this.closeError))
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    if (this.#begun.length > 0) yield this.#begun
    try {
      // Reads no further than the client has taken.
      for await (const chunk of this.#socket!) yield chunk as Buffer
    } catch {
      // 'error' has told.
    }
  }

  isEncrypted(): boolean {
    return false
  }

  send(frame: Uint8Array): void {
    if (!this.#isClosed) this.#socket?.write(frame)
  }

  async close(error?: Error): Promise<void> {
    this.closeError ??= error
    const socket = this.#socket
    if (socket === null || this.#isClosed) return
    if (error !== undefined) socket.destroy()
    else socket.destroySoon()
    this.#end(error)
  }

  disconnect(): void {
    this.#socket?.destroy()
  }

  closed(): Promise<void | Error> {
    return this.#closed
  }

  discard(): void {
    this.#isClosed = true
    this.#socket?.destroy()
  }

  /** INFO, and what came behind it is kept. */
  #firstLine(socket: Socket): Promise<string> {
    return new Promise((resolve, reject) => {
      const onData = (chunk: Buffer) => {
        this.#begun = Buffer.concat([this.#begun, chunk])
        const line = extractProtocolMessage(this.#begun)
        if (line === '' && this.#begun.length < INFO_BYTES) return
        socket.pause()
        socket.off('data', onData)
        resolve(line)
      }
      socket.on('data', onData)
      socket.on('error', (error: Error) => {
        this.closeError ??= error
        reject(error)
      })
      socket.once('close', () => reject(this.closeError ?? new Error('the server closed the connection')))
    })
  }

  #end(error: Error | undefined): void {
    this.#isClosed = true
    this.#settle(error)
  }
}
