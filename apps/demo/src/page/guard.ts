// Who may use the page: browsers and programs on this machine that mean it, and no other site through a browser. It serves
// nothing.
import type { IncomingMessage } from 'node:http'

/**
 * Why a request is refused; null where it is not. `Host` must be a loopback name: a site whose name was made to point
 * here (DNS rebinding) has its own. What changes something must come from the page itself: `Origin` is the page's, which
 * no other site can send, and the body is JSON, which no form can.
 */
export function whyRefused({ method, headers }: IncomingMessage, port: number): string | null {
  const { host = '', origin } = headers
  if (!['127.0.0.1', 'localhost', '[::1]'].some(name => host === `${name}:${port}`)) {
    return 'this page is for http://127.0.0.1 alone'
  }
  if (method === 'GET' || method === 'HEAD') return null
  if (origin !== `http://${host}`) return 'this may be asked for by the page alone'
  if (headers['content-type'] !== 'application/json') return 'the body must be JSON'
  return null
}
