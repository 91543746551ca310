// Local servers on socket files: permissions, places, and whose file is removed when.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createNodeServer } from 'node:net'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Server } from '@x/core'
import { portable, selectTransport, type Transport } from '@x/core/transport'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect, type LocalListenOptions, listen, resolveEndpoint } from '../src/index'
import { isRoot, Program, STRANGER } from './processes'
import { temporaryFolder } from './wires'

const selected = selectTransport()
const transports: Transport[] = selected.transport === portable ? [portable] : [selected.transport, portable]

let folder = ''
let remove = () => {}
const servers: Server[] = []
const programs: Program[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
})
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop()
  await Promise.all(servers.splice(0).map(server => server.listening && closed(server)))
  remove()
})

const modeOf = (file: string) => lstatSync(file).mode & 0o7777
const at = (name = 's') => path.join(folder, name)

async function serve(where: Parameters<typeof listen>[0], options: LocalListenOptions = {}): Promise<Server> {
  const server = await listen(where, options, socket => socket.end('hello'))
  servers.push(server)
  return server
}

function run(name: string, args: string[], uid?: number): Program {
  const program = new Program(name, { args, ...(uid !== undefined && { uid }) })
  programs.push(program)
  return program
}

async function closed(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

async function greeting(where: string): Promise<string> {
  const socket = await connect(where, { sharedFolder: true })
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

/** A socket file whose server was killed. */
async function leaveStale(file: string, uid?: number): Promise<void> {
  const program = run('serve.mjs', [file, '{"sharedFolder":true}'], uid)
  expect(await program.line()).toBe('listening')
  await program.stop('SIGKILL')
  expect(lstatSync(file).isSocket()).toBe(true)
}

describe.each(transports)('on $name', transport => {
  describe('mode and owner', () => {
    it.each([
      ['0600 by default', {}, 0o600],
      ['read permission for all', { readableAll: true }, 0o644],
      ['write permission for all', { writableAll: true }, 0o622],
      ['both for all', { readableAll: true, writableAll: true }, 0o666],
      ['any other mode', { mode: 0o660 }, 0o660],
    ])('[I2] gives the file %s, whatever the umask', async (_name, options, mode) => {
      const before = process.umask(0o077)
      try {
        await serve(at('wide'), { ...options, transport })
        process.umask(0)
        await serve(at('none'), { ...options, transport })
      } finally {
        process.umask(before)
      }
      expect([modeOf(at('wide')), modeOf(at('none'))]).toEqual([mode, mode])
      expect(await greeting(at('wide'))).toBe('hello')
    })

    it.skipIf(!isRoot)('[I2] gives the file to its owner and group (needs root)', async () => {
      await serve(at(), { uid: STRANGER, gid: STRANGER, mode: 0o660, transport })
      const { uid, gid } = lstatSync(at())
      expect([uid, gid, modeOf(at())]).toEqual([STRANGER, STRANGER, 0o660])
    })
  })

  describe('places', () => {
    it('[I1] makes the private folder of the user with mode 0700', async () => {
      const where = resolveEndpoint('app', { env: { TMPDIR: folder } })
      await serve(where, { transport })
      expect(modeOf(where.privateFolder!)).toBe(0o700)
      expect(readdirSync(where.privateFolder!)).toEqual(['app'])
      expect(await greeting(where.path)).toBe('hello')
      await serve(resolveEndpoint('other', { env: { TMPDIR: folder } }), { transport })
    })

    it('[I2] refuses a private folder that is not private', async () => {
      const where = resolveEndpoint('app', { env: { TMPDIR: folder } })
      mkdirSync(where.privateFolder!)
      chmodSync(where.privateFolder!, 0o750)
      const error = {
        code: 'ERR_X_UNSAFE_PATH',
        path: where.privateFolder,
        reason: 'has mode 0750, not 0700',
      }
      await expect(serve(where, { transport })).rejects.toMatchObject(error)
      await expect(connect(where)).rejects.toMatchObject(error)
    })

    it('[I2] refuses a private folder that is a link or a file', async () => {
      const where = resolveEndpoint('app', { env: { TMPDIR: folder } })
      mkdirSync(at('elsewhere'), 0o700)
      symlinkSync(at('elsewhere'), where.privateFolder!)
      await expect(serve(where, { transport })).rejects.toMatchObject({ reason: 'is a symbolic link' })
      unlinkSync(where.privateFolder!)
      writeFileSync(where.privateFolder!, '')
      await expect(serve(where, { transport })).rejects.toMatchObject({ reason: 'is no folder' })
    })

    it.skipIf(!isRoot)("[I2] refuses somebody else's folder (needs root)", async () => {
      const where = resolveEndpoint('app', { env: { TMPDIR: folder } })
      mkdirSync(where.privateFolder!, 0o700)
      chownSync(where.privateFolder!, STRANGER, STRANGER)
      const reason = `belongs to user ${STRANGER}`
      await expect(serve(where, { transport })).rejects.toMatchObject({ reason })
      await expect(serve(path.join(where.privateFolder!, 's'), { transport })).rejects.toMatchObject({
        reason,
      })
      await expect(connect(path.join(where.privateFolder!, 's'))).rejects.toMatchObject({ reason })
    })

    it.each([0o777, 0o1777, 0o770, 0o702])(
      '[I2] refuses a folder of mode %o, which others can write, unless told otherwise',
      async mode => {
        mkdirSync(at('open'))
        chmodSync(at('open'), mode)
        const file = at('open/s')
        const error = { code: 'ERR_X_UNSAFE_PATH', path: at('open') }
        await expect(serve(file, { transport })).rejects.toMatchObject(error)
        expect(readdirSync(at('open'))).toEqual([])
        await serve(file, { transport, sharedFolder: true })
        await expect(connect(file)).rejects.toMatchObject(error)
        expect(await greeting(file)).toBe('hello')
      },
    )

    it('[I2] refuses a folder whose parent others can swap, but not one under a sticky folder', async () => {
      mkdirSync(at('open/mine'), { recursive: true })
      chmodSync(at('open'), 0o777)
      await expect(serve(at('open/mine/s'), { transport })).rejects.toMatchObject({ path: at('open') })
      chmodSync(at('open'), 0o1777)
      await serve(at('open/mine/s'), { transport })
    })

    it('[I2] follows a link of ours on the way, and checks where it leads', async () => {
      mkdirSync(at('real'))
      mkdirSync(at('open'))
      chmodSync(at('open'), 0o777)
      symlinkSync('real', at('good'))
      symlinkSync('./real/../open', at('bad'))
      await serve(at('good/s'), { transport })
      expect(lstatSync(at('real/s')).isSocket()).toBe(true)
      await expect(serve(at('bad/s'), { transport })).rejects.toMatchObject({ path: at('open') })
      symlinkSync(at('loop'), at('loop'))
      await expect(serve(at('loop/s'), { transport })).rejects.toMatchObject({ code: 'ERR_X_UNSAFE_PATH' })
    })

    it.skipIf(!isRoot)("[I2] does not follow somebody else's link (needs root)", async () => {
      mkdirSync(at('real'))
      const program = run('link.mjs', [at('real'), at('theirs')], undefined)
      expect(await program.line()).toBe('linked')
      await expect(serve(at('theirs/s'), { transport })).rejects.toMatchObject({
        reason: `is a symbolic link of user ${STRANGER}`,
      })
      expect(readdirSync(at('real'))).toEqual([])
    })

    it('[I3] does not bind through a link at the path itself, dangling or not', async () => {
      symlinkSync(at('target'), at())
      await expect(serve(at(), { transport })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      writeFileSync(at('target'), 'precious')
      await expect(serve(at(), { transport })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect([lstatSync(at()).isSymbolicLink(), readFileSync(at('target'), 'utf8')]).toEqual([
        true,
        'precious',
      ])
    })

    it('[I3] does not lock through a link', async () => {
      writeFileSync(at('target'), 'precious')
      symlinkSync(at('target'), at('s.lock'))
      await expect(serve(at(), { transport })).rejects.toMatchObject({ code: 'ERR_X_UNSAFE_PATH' })
      expect(readFileSync(at('target'), 'utf8')).toBe('precious')
    })

    it.each<[string, () => unknown, string]>([
      ['a folder', () => mkdirSync(at('s.lock')), 'is a folder'],
      ['a socket', () => leaveStale(at('s.lock')), 'is a socket'],
      ['a FIFO', () => execFileSync('mkfifo', [at('s.lock')]), 'is no file'],
    ])('[I3] says what is wrong where %s stands in the place of its lock', async (_what, make, reason) => {
      await make()
      await expect(serve(at(), { transport })).rejects.toMatchObject({
        code: 'ERR_X_UNSAFE_PATH',
        path: at('s.lock'),
        reason,
      })
    })

    it('[I1] says ENOENT where there is no such folder', async () => {
      await expect(serve(at('none/s'), { transport })).rejects.toMatchObject({ code: 'ENOENT' })
    })
  })

  describe('a path that is taken', () => {
    it('[I3] by a dead server is taken over', async () => {
      await leaveStale(at())
      await serve(at(), { transport })
      expect(await greeting(at())).toBe('hello')
      expect(readdirSync(folder)).toEqual(['s'])
    })

    it('[I3] by a live server gives EADDRINUSE, and the server goes on', async () => {
      const program = run('serve.mjs', [at()])
      expect(await program.line()).toBe('listening')
      const error = { code: 'EADDRINUSE', syscall: 'listen', address: at(), port: -1 }
      await expect(serve(at(), { transport })).rejects.toMatchObject(error)
      expect(await greeting(at())).toBe('hello')
      expect(readdirSync(folder)).toEqual(['s'])
    })

    it('[I3] by a server of node:net gives EADDRINUSE while it lives, and is taken over once it is dead', async () => {
      const foreign = createNodeServer().listen(at())
      await once(foreign, 'listening')
      await expect(serve(at(), { transport })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      renameSync(at(), at('kept'))
      foreign.close()
      await once(foreign, 'close')
      renameSync(at('kept'), at())
      await serve(at(), { transport })
      expect(await greeting(at())).toBe('hello')
    })

    it('[I3] by a file, a folder or a pipe gives EADDRINUSE and leaves it alone', async () => {
      writeFileSync(at(), 'precious')
      await expect(serve(at(), { transport })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect(readFileSync(at(), 'utf8')).toBe('precious')
      mkdirSync(at('d'))
      await expect(serve(at('d'), { transport })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect(lstatSync(at('d')).isDirectory()).toBe(true)
    })

    it.skipIf(!isRoot)(
      "[I3] by somebody else's dead server is left alone, unless it was to be theirs (needs root)",
      async () => {
        chmodSync(folder, 0o777)
        await leaveStale(at(), STRANGER)
        await expect(serve(at(), { transport, sharedFolder: true })).rejects.toMatchObject({
          code: 'EADDRINUSE',
        })
        await serve(at(), { transport, sharedFolder: true, uid: STRANGER })
        expect(lstatSync(at()).uid).toBe(STRANGER)
      },
    )
  })

  describe('the end', () => {
    it('[I3] close removes the file, and the path can be used again at once', async () => {
      for (let round = 0; round < 3; round++) {
        const server = await serve(at(), { transport })
        server.close()
        expect(existsSync(at())).toBe(false)
      }
      expect(readdirSync(folder)).toEqual([])
    })

    it("[I3] close leaves a successor's file", async () => {
      const first = await serve(at(), { transport })
      unlinkSync(at())
      const second = await serve(at(), { transport })
      const { ino } = lstatSync(at())
      await closed(first)
      expect(lstatSync(at()).ino).toBe(ino)
      expect(await greeting(at())).toBe('hello')
      await closed(second)
      expect(readdirSync(folder)).toEqual([])
    })

    it('[I3] close leaves a file that is no socket', async () => {
      const server = await serve(at(), { transport })
      unlinkSync(at())
      writeFileSync(at(), 'precious')
      await closed(server)
      expect(readFileSync(at(), 'utf8')).toBe('precious')
    })
  })
})

describe('a process that ends', () => {
  it.each(['native', 'portable'])('[I3] by itself removes its file, on %s', async name => {
    if (!transports.some(transport => transport.name === name)) return
    const program = new Program('serve.mjs', { args: [at()], env: { X_NET_TRANSPORT: name } })
    programs.push(program)
    expect(await program.line()).toBe('listening')
    program.tell('exit')
    expect(await program.ended()).toBe(0)
    expect(readdirSync(folder)).toEqual([])
  })

  it("[I3] by itself leaves a successor's file", async () => {
    const program = run('serve.mjs', [at()])
    expect(await program.line()).toBe('listening')
    unlinkSync(at())
    await serve(at())
    program.tell('exit')
    expect(await program.ended()).toBe(0)
    expect(await greeting(at())).toBe('hello')
  })
})

describe('the lock', () => {
  it('[I3] of a process that was killed while it had it is taken', async () => {
    const program = run('lock.mjs', [at()])
    expect(await program.line()).toBe('locked')
    await program.stop('SIGKILL')
    expect(readdirSync(folder)).toEqual(['s.lock'])
    await serve(at())
    expect(readdirSync(folder)).toEqual(['s'])
  })

  it('[I3] of a process that lives is waited for, and then given up', async () => {
    const program = run('lock.mjs', [at()])
    expect(await program.line()).toBe('locked')
    await expect(serve(at(), { lockTimeoutMs: 20 })).rejects.toMatchObject({
      code: 'ERR_X_LOCK_TIMEOUT',
      path: at('s.lock'),
    })
    const waiting = serve(at())
    program.tell('unlock')
    await waiting
  })

  it.each(transports)('[I3] is the same for every transport: $name waits for it', async transport => {
    const program = run('lock.mjs', [at(), 'portable'])
    expect(await program.line()).toBe('locked')
    await expect(serve(at(), { transport, lockTimeoutMs: 20 })).rejects.toMatchObject({
      code: 'ERR_X_LOCK_TIMEOUT',
    })
  })
})

describe('a worker thread', () => {
  const told = async (name: string) => {
    const program = new URL('programs/in-thread.mjs', import.meta.url)
    const worker = new Worker(program, { workerData: at(), env: { ...process.env, X_NET_TRANSPORT: name } })
    const [[said]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
    return said as unknown
  }

  it('[I2] serves a socket file on native', async context => {
    if (selected.transport === portable) context.skip('the native transport is not here')
    expect(await told('native')).toEqual({ hello: 'hello', isLeft: false })
  })

  it('[I2] is refused a socket file on portable, where its mode would not hold from the first instant', async () => {
    expect(await told('portable')).toEqual({
      code: 'ERR_X_UNSUPPORTED',
      message: expect.stringMatching(/portable.*worker threads/),
      isLeft: false,
    })
  })
})
