// The connections of the page's server: how long each may take to send a request and to read an answer, how many there
// may be, and their end. It reads no request. node:http holds such limits only for servers that listen by themselves.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from '../net'

/** Connections at one time; a browser opens six. */
export const MOST_CONNECTIONS = 256
/** Requests that one client may send before the first is answered. */
const MOST_REQUESTS = 16
/** What a client has to send a whole request: its head, from connecting or the last answer on; then its body. */
const REQUEST_MS = 10_000
/** What a client has to read an answer. */
const ANSWER_MS = 10_000
/** What a client has to read what is left when the server closes. */
const CLOSE_MS = 1_000

/** Answers a request; must not reject. */
type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>
/** Takes a connection over that asks for another protocol; false where it does not. */
type Upgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => boolean

export class PageConnections {
  readonly #http: Server
  readonly #open = new Map<unknown, PageConnection>()

  constructor(answer: Answer, upgrade: Upgrade = () => false) {
    // Idle ones have REQUEST_MS as well.
    this.#http = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
      const connection = this.#open.get(request.socket)
      connection?.begin(request, response)
      await answer(request, response)
      connection?.answered(response)
    })
    this.#http.on('upgrade', (request, stream, head) => {
      const socket = stream as unknown as Socket
      if (upgrade(request, socket, head)) this.#open.get(socket)?.upgraded()
      else socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  }

  /** Serves a connection that was accepted. */
  take(socket: Socket): void {
    this.#open.set(socket, new PageConnection(socket))
    socket.once('close', () => this.#open.delete(socket))
    this.#http.emit('connection', socket)
  }

  /** Ends all: at once where no answer is under way, else when it has gone out. */
  close(): void {
    for (const connection of this.#open.values()) connection.end()
  }
}

class PageConnection {
  readonly #socket: Socket
  #request: NodeJS.Timeout | null = null
  /** Answers that have not gone out. */
  readonly #underWay = new Set<ServerResponse>()

  constructor(socket: Socket) {
    this.#socket = socket
    this.#expectRequest()
    socket.once('close', () => this.#hasRequest())
  }

  /** The head of a request has come, and `response` will be its answer. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#expectRequest()
    request.once('end', () => this.#hasRequest())
    this.#underWay.add(response)
    if (this.#underWay.size > MOST_REQUESTS) this.#socket.destroy()
    response.once('close', () => {
      this.#underWay.delete(response)
      if (this.#underWay.size === 0) this.#expectRequest()
    })
  }

  /** All of the answer is written, unless it is one that goes on: the client has to read it. */
  answered(response: ServerResponse): void {
    if (!response.writableEnded || !this.#underWay.has(response)) return
    const timer = setTimeout(() => this.#socket.destroy(), ANSWER_MS)
    response.once('close', () => clearTimeout(timer))
  }

  /** It speaks another protocol from now on, and sends no request. */
  upgraded(): void {
    this.#hasRequest()
  }

  end(): void {
    if (this.#underWay.size === 0) {
      this.#socket.destroy()
      return
    }
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS)
    this.#socket.once('close', () => clearTimeout(timer))
    this.#socket.end(() => this.#socket.destroy())
  }

  /** A whole request has to come in time; the time begins anew where one was awaited. */
  #expectRequest(): void {
    this.#hasRequest()
    if (this.#socket.destroyed) return
    this.#request = setTimeout(() => this.#socket.destroy(), REQUEST_MS)
  }

  #hasRequest(): void {
    if (this.#request !== null) clearTimeout(this.#request)
    this.#request = null
  }
}
