// Ports for programs of tests that accept nothing but a number.
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems give to outgoing connections (ip(7), ip_local_port_range): no such connection takes the port
// in the meantime, and none that looks whether somebody listens on it yet finds itself there.
const FIRST = 10_000
const LAST = 32_767

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort() {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true })
    try {
      await once(server, 'listening')
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE') continue
      throw error
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
