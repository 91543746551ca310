// What subscribers of diagnostics_channel hear of, on each transport. It knows the channels' names, and no transport's work.

import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, createServer, Server, Socket } from '../../src/index'
import { loadNative } from '../../src/transport/native'
import { portable } from '../../src/transport/portable'

const { transport: native } = loadNative()
const transports = [...(native === null ? [] : [native]), portable]

describe.each(transports)('diagnostics_channel on $name', transport => {
  const undo: Array<() => void> = []
  afterEach(() => {
    for (const step of undo.splice(0)) step()
  })

  it('[N4] tells of each connection once at either end, and of a listener', async () => {
    const heard: unknown[] = []
    for (const name of ['net.client.socket', 'net.server.socket']) {
      const listener = (message: unknown) => heard.push([name, (message as { socket: object }).socket])
      subscribe(name, listener)
      undo.push(() => unsubscribe(name, listener))
    }
    const listens = tracingChannel('net.server.listen')
    const tell = (event: string) => (message: unknown) =>
      heard.push([event, (message as { server: object }).server])
    const tracing = { asyncStart: tell('asyncStart'), asyncEnd: tell('asyncEnd'), error: tell('error') }
    listens.subscribe(tracing as Parameters<typeof listens.subscribe>[0])
    undo.push(() => listens.unsubscribe(tracing as Parameters<typeof listens.subscribe>[0]))

    const server = createServer({ transport }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', transport })
    const [accepted] = (await once(server, 'connection')) as [Socket]
    await once(client, 'connect')
    expect([client, accepted].every(socket => socket instanceof Socket)).toBe(true)
    expect(heard).toEqual([
      ['asyncStart', server],
      ['asyncEnd', server],
      ['net.client.socket', client],
      ['net.server.socket', accepted],
    ])

    const other = new Server({ transport })
    other.listen((server.address() as AddressInfo).port, '127.0.0.1')
    await once(other, 'error')
    expect(heard.slice(4)).toEqual([
      ['asyncStart', other],
      ['error', other],
    ])
    client.destroy()
    server.close()
    await once(server, 'close')
  })
})
