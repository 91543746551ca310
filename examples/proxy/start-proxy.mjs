// Connects each client of a port to one of several upstreams. It knows no protocol: it passes on bytes, ends and resets.
import { once } from 'node:events'
import { connect, createServer } from '@x/core'

/** @typedef {import('@x/core').Socket} Socket */
/** @typedef {{ host: string, port: number }} Upstream */

/**
 * @typedef {object} ProxyOptions
 * @property {number} port                        0: a free one
 * @property {readonly Upstream[]} upstreams      asked in turn
 * @property {number} [idleTimeoutMs]             ends a connection on which nothing moves for so long; 0: never
 * @property {(upstream: Upstream, error: Error) => void} [onRefused]
 */

/** Starts a proxy; it listens once the promise is fulfilled. @param {ProxyOptions} options */
export async function startProxy({ port, upstreams, idleTimeoutMs = 0, onRefused = () => {} }) {
  /** @type {Set<Socket>} */
  const clients = new Set()
  let turn = 0

  /** The first upstream that takes a connection, or null. */
  async function dial() {
    const first = turn++
    for (let tried = 0; tried < upstreams.length; tried++) {
      const upstream = /** @type {Upstream} */ (upstreams[(first + tried) % upstreams.length])
      // With allowHalfOpen, the end of one direction leaves the other one open, as the two programs intend.
      const socket = connect({ ...upstream, allowHalfOpen: true })
      try {
        await once(socket, 'connect')
        return socket
      } catch (error) {
        onRefused(upstream, /** @type {Error} */ (error))
      }
    }
    return null
  }

  /** @param {Socket} client */
  async function join(client) {
    const upstream = await dial()
    if (upstream === null || client.destroyed) {
      upstream?.resetAndDestroy()
      client.resetAndDestroy()
      return
    }
    client.setTimeout(idleTimeoutMs, () => client.resetAndDestroy())
    // pipe waits while the other side does not read (back-pressure), and ends it when this side ends.
    client.pipe(upstream).pipe(client)
    // If one side closes early, the other one is reset, so that neither program mistakes a part for the whole.
    upstream.on('error', () => {})
    client.on('close', () => upstream.writableEnded || upstream.resetAndDestroy())
    upstream.on('close', () => client.writableEnded || client.resetAndDestroy())
  }

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, client => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
    client.on('error', () => {}) // the client may leave while an upstream is dialled
    join(client)
  })
  server.listen(port)
  await once(server, 'listening')

  return {
    port: /** @type {import('@x/core').AddressInfo} */ (server.address()).port,
    get connections() {
      return clients.size
    },
    /** Accepts no more; done once all connections have ended. */
    async close() {
      if (server.listening) server.close()
      await once(server, 'close')
    },
    /** Resets the connections that stand. */
    abort() {
      for (const client of clients) client.resetAndDestroy()
    },
  }
}
