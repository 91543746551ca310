// What listen, connect and createClient take and refuse, and that they can be given up.
import { once } from 'node:events'
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { createServer as createNodeServer } from 'node:net'
import path from 'node:path'
import type { Server } from '@x/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect, createClient, type Endpoint, listen, resolveEndpoint } from '../src/index'
import { ability, temporaryFolder } from './wires'

let folder = ''
let remove = () => {}
const servers: Server[] = []
const { isAble, why } = ability('credentials', 'credentials')

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if (!server.listening) continue
    server.close()
    await once(server, 'close')
  }
  remove()
})

const at = () => path.join(folder, 's')
const code = (name: string) => expect.objectContaining({ code: name })

async function serve(): Promise<Server> {
  // Those who give up leave the greeting unread.
  const server = await listen(at(), {}, socket => socket.on('error', () => {}).end('hello'))
  servers.push(server)
  return server
}

describe('arguments', () => {
  it('[I2] that are wrong throw at once', () => {
    expect(() => listen('a/b')).toThrowError(code('ERR_INVALID_ARG_VALUE'))
    expect(() => listen(at(), null as never)).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    expect(() => listen(at(), { mode: 0o1000 })).toThrowError(code('ERR_OUT_OF_RANGE'))
    expect(() => listen(at(), { writableAll: 1 as never })).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    expect(() => listen(at(), { authorize: 1 as never })).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    expect(() => listen(at(), { signal: 1 as never })).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    expect(() => listen(at(), {}, 1 as never)).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    expect(() => connect(at(), { signal: 1 as never })).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    const abstract = { kind: 'abstract', path: '\0a', privateFolder: null, isShortened: false } as const
    if (process.platform === 'linux') {
      expect(() => listen(abstract, { mode: 0o600 })).toThrowError(code('ERR_INVALID_ARG_VALUE'))
    }
  })

  it.each([
    ['what listen of a server takes', () => ({ path: at() }), 'ERR_INVALID_ARG_TYPE'],
    ['a relative path', () => ({ ...resolveEndpoint(at()), path: 's' }), 'ERR_INVALID_ARG_VALUE'],
    ['a kind that is none', () => ({ ...resolveEndpoint(at()), kind: 'unix' }), 'ERR_INVALID_ARG_VALUE'],
    [
      'a file as an abstract name',
      () => ({ ...resolveEndpoint(at()), kind: 'abstract' }),
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'an abstract name as a file',
      () => ({ ...resolveEndpoint(at()), path: '\0s' }),
      'ERR_INVALID_ARG_VALUE',
    ],
    ['a NUL in a path', () => ({ ...resolveEndpoint(at()), path: `${at()}\0` }), 'ERR_INVALID_ARG_VALUE'],
    [
      'a path that is too long',
      () => ({ ...resolveEndpoint(at()), path: at().padEnd(200, 's') }),
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'another platform',
      () => resolveEndpoint('s', { platform: process.platform === 'win32' ? 'linux' : 'win32', uid: 0 }),
      'ERR_INVALID_ARG_VALUE',
    ],
  ])('[I2] refuse an object that only looks like an endpoint: %s', (_what, make, expected) => {
    const where = make() as Endpoint
    for (const take of [() => listen(where), () => connect(where), () => createClient(where)]) {
      expect(take).toThrowError(code(expected))
    }
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a listen that its signal gives up', () => {
  it('[I2] before it begins makes nothing', async () => {
    await expect(listen(at(), { signal: AbortSignal.abort() })).rejects.toEqual(code('ABORT_ERR'))
    expect(readdirSync(folder)).toEqual([])
  })

  it('[I2] at once leaves nothing, and the path is free', async () => {
    const controller = new AbortController()
    const listening = listen(at(), { signal: controller.signal })
    controller.abort()
    await expect(listening).rejects.toEqual(code('ABORT_ERR'))
    await serve()
  })

  it('[I2] while another server starts waits no longer', async () => {
    const controller = new AbortController()
    const other = listen(at()).then(server => servers.push(server))
    const listening = listen(at(), { signal: controller.signal })
    controller.abort()
    await expect(listening).rejects.toEqual(code('ABORT_ERR'))
    await other
    expect(existsSync(at())).toBe(true)
  })
})

describe('connecting', () => {
  it('[I1] tells a dead server from none', async () => {
    await expect(connect(at())).rejects.toMatchObject({ code: 'ENOENT' })
    const server = createNodeServer().listen(`${at()}.was`)
    await once(server, 'listening')
    renameSync(`${at()}.was`, at())
    server.close()
    await once(server, 'close')
    await expect(connect(at())).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('[I1] is given up by a signal', async () => {
    await serve()
    const signal = AbortSignal.abort()
    await expect(connect(at(), { signal })).rejects.toEqual(code('ABORT_ERR'))
  })

  const test = isAble ? it : (it.skip as typeof it)
  test(`[I1] is given up by a signal, too, while authorize has not decided${why}`, async () => {
    await serve()
    const controller = new AbortController()
    let asked: AbortSignal | null = null
    const authorize = (_credentials: unknown, peer: { signal: AbortSignal }) => {
      asked = peer.signal
      controller.abort()
      return new Promise<boolean>(() => {})
    }
    await expect(connect(at(), { signal: controller.signal, authorize })).rejects.toEqual(code('ABORT_ERR'))
    expect(asked!.aborted).toBe(true)
  })
})

describe('a server that is closed while it lets a peer in', () => {
  const test = isAble ? it : (it.skip as typeof it)
  test(`[I1] emits no connection any more${why}`, async () => {
    let connections = 0
    const authorize = async () => {
      // Between the decision and the connection.
      process.nextTick(() => server.close())
      return true
    }
    const server = await listen(at(), { authorize }, () => connections++)
    const closed = once(server, 'close')
    const socket = await connect(at())
    socket.resume()
    await Promise.all([closed, once(socket, 'close')])
    expect(connections).toBe(0)
  })
})
