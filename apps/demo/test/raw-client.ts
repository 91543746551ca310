// A connection without any knowledge of the protocol: bytes out, bytes in.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export class RawClient {
  readonly socket: Socket
  received = ''
  #isEnded = false
  readonly #watchers = new Set<() => void>()
  readonly #closed: Promise<void>

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', chunk => {
      this.received += chunk
      this.#tell()
    })
    socket.on('end', () => {
      this.#isEnded = true
      this.#tell()
    })
    socket.on('error', () => {})
    this.#closed = new Promise(resolve => {
      socket.on('close', () => {
        this.#isEnded = true
        this.#tell()
        resolve()
      })
    })
  }

  /** @param localAddress the loopback address that it comes from, where that matters */
  static async connect(to: number | string, localAddress = '127.0.0.1'): Promise<RawClient> {
    const socket =
      typeof to === 'number' ? connect({ port: to, host: '127.0.0.1', localAddress }) : connect(to)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Sends latin1 text. */
  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Resolves once `text` has come; rejects where the connection ends before. */
  async until(text: string): Promise<void> {
    let seen = 0
    let isThere = false
    await this.#when(() => {
      isThere = this.received.includes(text, Math.max(0, seen - text.length))
      seen = this.received.length
      return isThere
    })
    if (!isThere) throw new Error(`ended with ${JSON.stringify(this.received)}`)
  }

  /** Resolves with what came once the peer has ended the connection. */
  async ended(): Promise<string> {
    await this.#when(() => this.#isEnded)
    return this.received
  }

  /** Sends, and resolves with what comes back up to the reply of an ECHO sent behind it, without that. */
  async ask(text: string): Promise<string> {
    this.received = ''
    this.send(`${text}PING the-end-of-this\r\n`)
    const marker = '$15\r\nthe-end-of-this\r\n'
    await this.until(marker)
    return this.received.slice(0, this.received.indexOf(marker))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.#closed
  }

  #when(isSo: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = () => {
        if (!isSo() && !this.#isEnded) return
        this.#watchers.delete(look)
        resolve()
      }
      this.#watchers.add(look)
      look()
    })
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
