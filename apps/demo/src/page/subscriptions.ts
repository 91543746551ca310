// The page's own clients of the broker: a WebSocket of the page is one real connection, which subscribes to a channel of the
// page or publishes to it. The page counts what comes.
import type { IncomingMessage } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import type { LoadClient } from '../load/load-client'
import type { Socket } from '../net'
import { payloadOf } from '../resp/reply-parser'
import { ask, type OwnClients } from './own-clients'
import { targetOf } from './target'

/** Longest message of a page. */
const MESSAGE_BYTES = 256
/** What a page may leave unread, or the broker may leave waiting, before the connection ends. */
const MOST_WAITING_BYTES = 1024 ** 2
const CHANNEL = /^page:[a-z0-9]{1,32}$/
const TEXT = /^[\x20-\x7e]+$/

/** Codes of the closing frame (RFC 6455, section 7.4). */
const GOING_AWAY = 1001
const BAD_MESSAGE = 1008
const SERVICE_RESTART = 1012

export class Subscriptions {
  readonly #clients: OwnClients
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES,
    perMessageDeflate: false,
  })

  constructor(clients: OwnClients) {
    this.#clients = clients
  }

  /** Takes a connection over from HTTP; false where the target is none that it knows. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): boolean {
    const { path, query } = targetOf(request.url)
    const channel = query.get('channel') ?? ''
    if (!CHANNEL.test(channel) || (path !== '/subscriber' && path !== '/publisher')) return false
    this.#server.handleUpgrade(request, socket, head, page => {
      page.on('error', () => {})
      void this.#serve(page, channel, path === '/publisher')
    })
    return true
  }

  close(): void {
    for (const page of this.#server.clients) page.close(GOING_AWAY, 'the demo ends')
    this.#server.close()
  }

  async #serve(page: WebSocket, channel: string, isPublisher: boolean): Promise<void> {
    const client = await this.#clients.open('page').catch(() => null)
    if (client === null) {
      page.close(SERVICE_RESTART, 'the broker does not take the connection')
      return
    }
    page.once('close', () => void client.close())
    if (page.readyState !== page.OPEN) void client.close()
    void client.closed.then(() => page.close(SERVICE_RESTART, 'the connection to the broker has ended'))
    if (isPublisher) publish(page, client, channel)
    else if (!(await this.#subscribe(page, client, channel))) return
    page.send('ready')
  }

  /** True once the subscription is confirmed. */
  async #subscribe(page: WebSocket, client: LoadClient, channel: string): Promise<boolean> {
    const confirmed = await ask(client, 'SUBSCRIBE', channel).catch(() => null)
    if (confirmed === null) return false
    client.onReply = reply => {
      const payload = payloadOf(reply)
      if (payload !== null) page.send(payload.toString('latin1'))
      if (page.bufferedAmount > MOST_WAITING_BYTES) page.terminate()
    }
    this.#clients.expose(client)
    return true
  }
}

function publish(page: WebSocket, client: LoadClient, channel: string): void {
  client.onReply = () => {}
  page.on('message', (data, isBinary) => {
    const text = String(data)
    if (isBinary || !TEXT.test(text)) page.close(BAD_MESSAGE, 'a message is ASCII text')
    else client.send('PUBLISH', channel, text)
    if (client.waitingBytes > MOST_WAITING_BYTES) page.close(BAD_MESSAGE, 'too much at a time')
  })
}
