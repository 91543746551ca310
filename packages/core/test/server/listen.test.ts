import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { createServer as createNodeServer } from 'node:net'
import { freePort } from '@x/presets/free-port'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type AddressInfo, BlockList, connect, createServer, Server, type Socket } from '../../src'
import { setListenerSource } from '../../src/process-state'
import { pair, serve, temporaryPath, transports } from '../bed'

describe.each(transports)('a server on the $name transport', transport => {
  it('[S1] adds its listener to connection, is made with and without new, and takes false for no options', async () => {
    const listener = () => {}
    for (const server of [new Server(listener), Server(listener), createServer(false, listener)]) {
      expect(server).toBeInstanceOf(Server)
      expect(server.listeners('connection')).toEqual([listener])
    }
    expect(() => createServer('path' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })

  it('[S1] drops who is on its block list, unheard', async () => {
    const blockList = new BlockList()
    blockList.addAddress('127.0.0.1')
    const { server, dial } = await serve({ transport, blockList })
    let heard = 0
    server.on('connection', () => heard++)
    await once(dial(), 'close')
    expect(heard).toBe(0)
  })

  it('[S4] chooses a port for 0 and listens on all addresses where no host is told', async () => {
    const { server } = await serve({ transport }, { port: 0 })
    const address = server.address() as AddressInfo
    expect(address.port).toBeGreaterThan(0)
    expect(['::', '0.0.0.0']).toContain(address.address)
  })

  it('[S4] takes every documented order of arguments', async () => {
    const forms: unknown[][] = [
      [],
      [0],
      ['0'],
      [0, 5],
      [0, '127.0.0.1'],
      [0, '127.0.0.1', 5],
      [undefined],
      [null],
      [{ port: 0, backlog: 5 }],
    ]
    for (const form of forms) {
      const server = createServer({ transport })
      await new Promise<void>(resolve => Reflect.apply(server.listen, server, [...form, resolve]))
      expect(server.listening).toBe(true)
      server.close()
      await once(server, 'close')
    }
  })

  it('[S5] listens on a path, and the path goes with the server', async () => {
    const path = temporaryPath()
    const { server, dial, accepted } = await serve({ transport }, { path })
    expect(server.address()).toBe(path)
    const client = dial()
    await Promise.all([accepted(), once(client, 'connect')])
    client.destroy()
    server.close()
    await once(server, 'close')
    expect(existsSync(path)).toBe(false)
  })

  it('[S5] [S7] gives everybody the rights that readableAll and writableAll ask for, as node:net', async () => {
    for (const options of [
      { readableAll: true },
      { writableAll: true },
      { readableAll: true, writableAll: true },
    ]) {
      const [path, theirs] = [temporaryPath(), temporaryPath()]
      await serve({ transport }, { path, ...options })
      const host = createNodeServer().listen({ path: theirs, ...options })
      await once(host, 'listening')
      expect(statSync(path).mode).toBe(statSync(theirs).mode)
      host.close()
    }
  })

  it('[S6] listens on the handle of a listening server', async () => {
    const { server, port } = await serve({ transport })
    const second = createServer({ transport })
    second.listen(server)
    await once(second, 'listening')
    expect((second.address() as AddressInfo).port).toBe(port)
    const client = connect(port, '127.0.0.1')
    const [socket] = (await once(second, 'connection')) as [Socket]
    client.destroy()
    socket.destroy()
    server.close()
    second.close()
    await once(second, 'close')
  })

  it('[S6] says EINVAL of a descriptor that is no socket', async () => {
    const server = createServer({ transport })
    server.listen({ fd: 9_999 })
    const [error] = await once(server, 'error')
    expect(error).toMatchObject({ code: 'EINVAL', syscall: 'listen' })
  })

  it('[S6] says EEXIST of a descriptor that node:net listens on, and leaves it there', async () => {
    const owner = createNodeServer(socket => socket.end()).listen(0, '127.0.0.1')
    onTestFinished(() => void owner.close())
    await once(owner, 'listening')
    const { fd } = (owner as unknown as { _handle: { fd: number } })._handle
    const server = createServer({ transport })
    server.listen({ fd })
    const [error] = await once(server, 'error')
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'listen' })
    // A descriptor that was closed behind its owner's back aborts the process in the next turns of the loop.
    for (let clients = 0; clients < 3; clients++) {
      const client = connect((owner.address() as AddressInfo).port, '127.0.0.1').resume()
      await once(client, 'close')
    }
  })

  it('[S7] throws where there is nothing to listen on, and takes the port before the path', async () => {
    const server = createServer({ transport })
    expect(() => server.listen({})).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    expect(() => server.listen({ port: -1, path: '/x' })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
    )
  })

  it('[S7] ipv6Only leaves IPv4 alone', async () => {
    const { server } = await serve({ transport }, { port: await freePort(), host: '::', ipv6Only: true })
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [error] = await once(client, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('[S7] closes when its signal aborts, also before it listens', async () => {
    for (const abortFirst of [true, false]) {
      const controller = new AbortController()
      const server = createServer({ transport })
      if (abortFirst) controller.abort()
      server.listen({ port: 0, signal: controller.signal })
      if (!abortFirst) controller.abort()
      await once(server, 'close')
      expect(server.listening).toBe(false)
    }
  })

  it('[S8] says listening after the call, with no arguments, once', async () => {
    const server = createServer({ transport })
    const heard: unknown[][] = []
    let isInCall = true
    server.listen(0, (...args: unknown[]) => heard.push([isInCall, ...args]))
    isInCall = false
    await once(server, 'listening')
    expect(heard).toEqual([[false]])
    server.close()
    await once(server, 'close')
    expect(server.listenerCount('listening')).toBe(0)
  })

  it('[S9] emits EADDRINUSE with its fields, does not close for it, and listens on retry', async () => {
    const { server: first, port } = await serve({ transport })
    const second = createServer({ transport })
    let closed = 0
    second.on('close', () => closed++)
    second.listen(port, '127.0.0.1')
    const [error] = await once(second, 'error')
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port })
    expect(error.message).toBe(`listen EADDRINUSE: address already in use 127.0.0.1:${port}`)
    expect(closed).toBe(0)
    first.close()
    await once(first, 'close')
    second.close()
    await once(second, 'close')
    second.listen(port, '127.0.0.1')
    await once(second, 'listening')
    second.close()
    await once(second, 'close')
  })

  it('[S10] throws where it listens already', async () => {
    const { server } = await serve({ transport })
    expect(() => server.listen(0)).toThrow(expect.objectContaining({ code: 'ERR_SERVER_ALREADY_LISTEN' }))
  })

  it('[S11] takes the port again at once, though connections of before linger', async () => {
    const at = { port: await freePort(), host: '127.0.0.1' }
    const { server, near, far } = await pair({ transport }, at)
    // The side that closes first keeps the port in TIME_WAIT.
    far.end()
    near.resume().end()
    await Promise.all([once(near, 'close'), once(far.resume(), 'close')])
    server.close()
    await once(server, 'close')
    const again = createServer({ transport })
    onTestFinished(() => void again.close())
    again.listen(at)
    await once(again, 'listening')
  })

  it('[S12] tells no address before it listens and after it closed', async () => {
    const server = createServer({ transport })
    expect(server.address()).toBe(null)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    expect(server.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
    server.close()
    expect(server.address()).toBe(null)
    await once(server, 'close')
  })

  it('[S12] refuses a wrong port at once', async () => {
    expect(await freePort()).toBeGreaterThan(0)
    for (const port of [65_536, -1, 1.5, Number.NaN]) {
      expect(() => createServer({ transport }).listen(port)).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
      )
    }
  })

  it('[S12] tells what a source throws: within listen to its caller, later as an error', async () => {
    const failure = new Error('no source')
    setListenerSource({
      open() {
        throw failure
      },
    })
    onTestFinished(() => setListenerSource(null))
    expect(() => createServer({ transport }).listen(0)).toThrow(failure)
    for (const host of ['127.0.0.1', 'localhost']) {
      const [told] = await once(createServer({ transport }).listen(0, host), 'error')
      expect(told).toBe(failure)
    }
  })
})
