// Who may use the page: browsers and programs on this machine that mean it, and no other site through a browser. It serves
// nothing.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { targetOf } from './target'

/** The header in which the page sends its token. */
export const TOKEN_HEADER = 'x-demo-token'

export class Guard {
  /** What only a page of this run of the program knows. */
  readonly token = randomBytes(16).toString('hex')

  /**
   * Why a request is refused; null where it is not. `Host` must be a loopback name: a site whose name was made to point
   * here (DNS rebinding) has its own. What changes something must come from the page itself: `Origin` is the page's, which
   * no other site can send, the body is JSON, which no form can, and the token is in the page, which no other site can read.
   */
  whyRefused({ method, headers }: IncomingMessage, port: number): string | null {
    if (!isLoopback(headers.host, port)) return 'this page is for http://127.0.0.1 alone'
    if (method === 'GET' || method === 'HEAD') return null
    if (!isSameOrigin(headers)) return 'this may be asked for by the page alone'
    if (headers['content-type'] !== 'application/json') return 'the body must be JSON'
    if (headers[TOKEN_HEADER] !== this.token)
      return 'the page is of an earlier run of the demo: load it again'
    return null
  }

  /** The same for a WebSocket, which no browser keeps other sites from opening; the token is in the query. */
  maySubscribe({ headers, url }: IncomingMessage, port: number): boolean {
    if (!isLoopback(headers.host, port) || !isSameOrigin(headers)) return false
    return targetOf(url).query.get('token') === this.token
  }
}

function isLoopback(host: string | undefined, port: number): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].some(name => host === `${name}:${port}`)
}

function isSameOrigin({ host, origin }: IncomingMessage['headers']): boolean {
  return origin === `http://${host}`
}
