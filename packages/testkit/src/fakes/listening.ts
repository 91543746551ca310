// How a fake's server listens and ends. It knows no connection but to end it.
import { once } from 'node:events'
import type { Server } from '@x/core'
import type { Place } from '../faults/fault-proxy'

/** A fake that listens. */
export interface Listening {
  /** Where clients connect: what `connect()` takes. */
  readonly place: Place
  /** The port; 0 on a path. */
  readonly port: number
  /** Stops listening and ends its connections. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Listens; `endAll` ends the connections that stand. */
export async function listening(
  server: Server,
  listen: Place = { port: 0, host: '127.0.0.1' },
  endAll: () => void,
): Promise<Listening> {
  server.listen(listen)
  await once(server, 'listening')
  const at = server.address()
  const place: Place = at && typeof at === 'object' ? { port: at.port, host: at.address } : listen
  const close = async () => {
    endAll()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  return { place, port: 'port' in place ? place.port : 0, close, [Symbol.asyncDispose]: close }
}
