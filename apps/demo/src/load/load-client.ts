// One connection of the load: sends requests, and hands out replies one by one. It knows no command.
import type { Transport } from '@x/core/transport'
import { connect, type Socket } from '../net'
import { ReplyParser, type ReplyValue } from '../resp/reply-parser'
import type { LoadOptions } from './load-options'

export class LoadClient {
  /** Hears each reply. */
  onReply: (reply: ReplyValue) => void = () => {}
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #parser = new ReplyParser()
  #isClosed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#take(chunk as Buffer))
    socket.on('error', () => {})
    this.closed = new Promise(resolve => {
      socket.once('close', () => {
        this.#isClosed = true
        resolve()
      })
    })
  }

  /** Rejects where nobody listens there. `transport`: whose network; default: the system's. */
  static connect(to: LoadOptions['to'], transport?: Transport): Promise<LoadClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...to, noDelay: true, ...(transport && { transport }) })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new LoadClient(socket))
      })
    })
  }

  /** Bytes that are not sent yet. */
  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Sends a request: its words, as latin1 text. */
  send(...words: readonly string[]): void {
    const bulks = words.map(word => `$${word.length}\r\n${word}\r\n`)
    this.#socket.write(`*${words.length}\r\n${bulks.join('')}`, 'latin1')
  }

  /** Reads nothing more. */
  pause(): void {
    this.#socket.pause()
  }

  close(): Promise<void> {
    this.#socket.destroy()
    return this.closed
  }

  #take(chunk: Buffer): void {
    this.#parser.push(chunk)
    try {
      for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next())
        this.onReply(reply)
    } catch (error) {
      this.#socket.destroy(error as Error)
    }
  }
}
