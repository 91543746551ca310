// Who is at the other end, seen from both, with processes of other users; and who is let in.
import { once } from 'node:events'
import { chmodSync, closeSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Server, Socket } from '@x/core'
import { portable } from '@x/core/transport'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Authorize,
  connect,
  getCredentials,
  getPidfd,
  type LocalListenOptions,
  listen,
  type PeerCredentials,
  resolveEndpoint,
} from '../src/index'
import { isRoot, Program, STRANGER } from './processes'
import { ability, temporaryFolder } from './wires'

const { transport, isAble, why } = ability('credentials', 'credentials')
const rootOnly = isRoot ? '' : ' (skipped: needs root to start processes of other users)'

let folder = ''
let remove = () => {}
const servers: Server[] = []
const programs: Program[] = []
const seen: Socket[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
  chmodSync(folder, 0o755)
})
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop()
  for (const socket of seen.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) {
    if (!server.listening) continue
    server.close()
    await once(server, 'close')
  }
  remove()
})

async function serve(where: Parameters<typeof listen>[0], options: LocalListenOptions): Promise<Server> {
  const server = await listen(where, options, socket => {
    hold(socket).end('hello')
  })
  servers.push(server)
  return server
}

/** Closed after the test; how it ends is nobody's concern. */
function hold(socket: Socket): Socket {
  seen.push(socket)
  return socket.on('error', () => {})
}

/** A client of another user, and the numbers that it has. */
async function dial(where: string, uid?: number): Promise<{ program: Program; own: PeerCredentials }> {
  const program = new Program('dial.mjs', { args: [where], ...(uid !== undefined && { uid }) })
  programs.push(program)
  const [pid = 0, user = 0, group = 0] = (await program.line()).split(' ').map(Number)
  return { program, own: { pid, uid: user, gid: group } }
}

const at = () => path.join(folder, 's')

describe.skipIf(!isAble)(`credentials${why}`, () => {
  const users: { name: string; uid?: number }[] = [{ name: 'our own user' }]
  if (isRoot) users.push({ name: 'another user', uid: STRANGER }, { name: 'a third user', uid: STRANGER + 1 })

  it.each(users)(`[I4] of a process of $name are its pid, uid and gid${rootOnly}`, async ({ uid }) => {
    const server = await serve(at(), { writableAll: true })
    const connection = once(server, 'connection')
    const { program, own } = await dial(at(), uid)
    const [socket] = (await connection) as [Socket]
    expect(getCredentials(socket)).toEqual(own)
    expect(await program.line()).toBe('heard hello')
  })

  it('[I4] of a server are seen by its client', async () => {
    const program = new Program('serve.mjs', { args: [at()] })
    programs.push(program)
    expect(await program.line()).toBe('listening')
    const socket = hold(await connect(at()))
    expect(getCredentials(socket)).toEqual({
      pid: program.process.pid,
      uid: process.getuid!(),
      gid: process.getgid!(),
    })
  })

  it('[I4] of what is no local connection are refused', async () => {
    const server = await serve(at(), {})
    const connection = once(server, 'connection')
    const socket = await connect(at())
    const [accepted] = (await connection) as [Socket]
    socket.destroy()
    accepted.destroy()
    await once(accepted, 'close')
    expect(() => getCredentials(accepted)).toThrowError(
      expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }),
    )
  })

  it.skipIf(process.platform !== 'linux')(
    '[I4] a pidfd names the process, also once it is dead',
    async () => {
      const pidfds: number[] = []
      const authorize: Authorize = (_credentials, peer) => {
        pidfds.push(peer.pidfd())
        return true
      }
      const server = await serve(at(), { authorize })
      const connection = once(server, 'connection')
      const { program, own } = await dial(at())
      const [socket] = (await connection) as [Socket]
      pidfds.push(getPidfd(socket))
      const pidOf = (fd: number) =>
        /^Pid:\s*(-?\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
      expect(pidfds.map(pidOf)).toEqual([String(own.pid), String(own.pid)])
      await program.stop()
      expect(pidfds.map(pidOf)).toEqual(['-1', '-1'])
      for (const fd of pidfds) closeSync(fd)
    },
  )
})

describe.skipIf(!isAble)(`authorize${why}`, () => {
  it.skipIf(!isRoot)(`[I4] closes refused peers before 'connection'${rootOnly}`, async () => {
    const asked: PeerCredentials[] = []
    await serve(at(), {
      writableAll: true,
      authorize: credentials => {
        asked.push(credentials)
        return credentials.uid === STRANGER
      },
    })
    const refused = await dial(at(), STRANGER + 1)
    expect(await refused.program.line()).toMatch(/^heard (ECONNRESET)?$/)
    expect(seen).toHaveLength(0)
    const admitted = await dial(at(), STRANGER)
    expect(await admitted.program.line()).toBe('heard hello')
    expect(seen).toHaveLength(1)
    expect(asked).toEqual([refused.own, admitted.own])
  })

  it('[I4] may take its time, and lets nobody in where it fails or answers anything but true', async () => {
    const answers = [
      () => Promise.resolve(true),
      () => Promise.resolve(false),
      () => 1 as unknown as boolean,
      () => Promise.reject(new Error('cannot tell')),
      () => {
        throw new Error('cannot tell')
      },
      () => true,
    ]
    const errors: Error[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', error => errors.push(error))
    await serve(at(), { authorize: () => answers.shift()!() })
    const { program } = await dial(at())
    const heard = [await program.line()]
    while (answers.length > 0) {
      program.tell('again')
      heard.push(await program.line())
    }
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
    expect(heard.map(line => line === 'heard hello')).toEqual([true, false, false, false, false, true])
    expect(errors.map(error => error.message)).toEqual(['cannot tell', 'cannot tell'])
    expect(seen).toHaveLength(2)
  })

  it('[I4] of a client decides about the server', async () => {
    const program = new Program('serve.mjs', { args: [at()] })
    programs.push(program)
    await program.line()
    const authorize: Authorize = ({ uid, pid }) => uid === process.getuid!() && pid === program.process.pid
    hold(await connect(at(), { authorize }))
    await expect(connect(at(), { authorize: () => false })).rejects.toMatchObject({
      code: 'ERR_X_NOT_AUTHORIZED',
    })
  })
})

describe.skipIf(!isAble)(`servers of others${why}`, () => {
  it.skipIf(!isRoot || process.platform !== 'linux')(
    `[I4] that have taken an abstract name are not talked to, unless told otherwise${rootOnly}`,
    async () => {
      const name = `x-ipc-taken-${process.pid}`
      const program = new Program('serve.mjs', { args: [`@${name}`, '{"writableAll":true}'], uid: STRANGER })
      programs.push(program)
      expect(await program.line()).toBe('listening')
      const where = resolveEndpoint(name, { abstract: true })
      await expect(connect(where)).rejects.toMatchObject({ code: 'ERR_X_NOT_AUTHORIZED' })
      hold(await connect(where, { anyServer: true }))
      hold(await connect(where, { authorize: ({ uid }) => uid === STRANGER }))
    },
  )

  it.skipIf(!isRoot)(
    `[I4] in a shared folder are not talked to, unless told otherwise${rootOnly}`,
    async () => {
      chmodSync(folder, 0o1777)
      const options = '{"writableAll":true,"sharedFolder":true}'
      const program = new Program('serve.mjs', { args: [at(), options], uid: STRANGER })
      programs.push(program)
      expect(await program.line()).toBe('listening')
      await expect(connect(at())).rejects.toMatchObject({ code: 'ERR_X_UNSAFE_PATH' })
      await expect(connect(at(), { sharedFolder: true })).rejects.toMatchObject({
        code: 'ERR_X_NOT_AUTHORIZED',
      })
      hold(await connect(at(), { sharedFolder: true, anyServer: true }))
    },
  )

  it('[I4] cannot be both chosen by a rule and taken as they are', () => {
    const both = { anyServer: true, authorize: () => true }
    expect(() => connect(at(), both)).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
  })
})

describe('the portable transport', () => {
  it('[I4] connects where nobody else can have put the server, and elsewhere only if told to', async () => {
    await serve(at(), { transport: portable })
    hold(await connect(at(), { transport: portable }))
    const error = expect.objectContaining({ code: 'ERR_X_UNSUPPORTED', feature: 'credentials' })
    expect(() => connect(at(), { transport: portable, sharedFolder: true })).toThrowError(error)
    hold(await connect(at(), { transport: portable, sharedFolder: true, anyServer: true }))
  })

  it('[I4] refuses to listen by rules that it cannot check', () => {
    const error = expect.objectContaining({
      code: 'ERR_X_UNSUPPORTED',
      transport: 'portable',
      feature: 'credentials',
    })
    expect(() => listen(at(), { transport: portable, authorize: () => true })).toThrowError(error)
    expect(() => connect(at(), { transport: portable, authorize: () => true })).toThrowError(error)
    if (process.platform !== 'linux') return
    expect(() => listen(resolveEndpoint('a', { abstract: true }), { transport: portable })).toThrowError(
      error,
    )
  })
})

describe.skipIf(!isAble || process.platform !== 'linux')(`an abstract name${why}`, () => {
  it(`[I1] [I4] lets in our own user and nobody else, unless told otherwise${rootOnly}`, async () => {
    const name = `x-ipc-test-${process.pid}`
    const where = resolveEndpoint(name, { abstract: true })
    const server = await serve(where, {})
    expect(existsSync(folder)).toBe(true)
    await expect(serve(where, {})).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const own = await dial(`@${name}`)
    expect(await own.program.line()).toBe('heard hello')
    if (isRoot) {
      const stranger = await dial(`@${name}`, STRANGER)
      expect(await stranger.program.line()).toMatch(/^heard (ECONNRESET)?$/)
    }
    server.close()
    await once(server, 'close')
    await serve(where, { writableAll: true })
    if (isRoot) {
      const stranger = await dial(`@${name}`, STRANGER)
      expect(await stranger.program.line()).toBe('heard hello')
    }
  })
})

describe('a client of another user', () => {
  it.skipIf(!isRoot).each(isAble ? [transport, portable] : [portable])(
    `[I2] that hammers at the path never gets in, on $name${rootOnly}`,
    async under => {
      const program = new Program('hammer.mjs', { args: [at()], uid: STRANGER })
      programs.push(program)
      expect(await program.line()).toBe('hammering')
      const before = process.umask(0)
      for (let round = 0; round < 60; round++) {
        const server = await serve(at(), { transport: under, mode: round % 2 === 0 ? 0o600 : 0o640 })
        server.close()
        await once(server, 'close')
      }
      // It may have slept through those rounds; this one lasts until it was here.
      const last = await serve(at(), { transport: under, mode: 0o600 })
      expect(await program.line()).toBe('refused')
      last.close()
      await once(last, 'close')
      expect(seen).toHaveLength(0)
      // The same path, open to all: the hammer does reach it.
      const open = await serve(at(), { transport: under, writableAll: true })
      process.umask(before)
      await once(open, 'connection')
      const inside = seen.length
      program.tell('stop')
      const counts = JSON.parse(await program.line())
      expect(inside).toBeGreaterThan(0)
      expect(counts.EACCES).toBeGreaterThan(0)
      // EAGAIN: it was let in, and the backlog was full.
      expect(
        Object.keys(counts).filter(
          what => !['EACCES', 'ENOENT', 'ECONNREFUSED', 'EAGAIN', 'connected'].includes(what),
        ),
      ).toEqual([])
    },
  )
})
