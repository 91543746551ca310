// Service managers: descriptors that they open, started by systemd-socket-activate; what is told to them, at a real notify socket.
import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { createServer } from '@x/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forgetDescriptors, notify, startWatchdog, storeDescriptors, takeListenFds } from '../src/systemd'
import { Program } from './processes'
import { ability, temporaryFolder } from './wires'

const { isAble, why } = ability('handoff', 'descriptors')
const hasActivation = spawnSync('systemd-socket-activate', ['--version']).status === 0
const hasPython = spawnSync('python3', ['-c', 'import socket; socket.recv_fds']).status === 0
const wrong = (variable: string, reason: RegExp) =>
  expect.objectContaining({
    code: 'ERR_X_SERVICE_ENVIRONMENT',
    variable,
    message: expect.stringMatching(reason),
  })

let folder = ''
let remove = () => {}
const programs: Program[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
})
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop()
  remove()
})

/** All that a connection gets. */
function ask(to: { path: string } | { port: number; host: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(to).setEncoding('utf8').on('error', reject)
    socket.on('data', data => {
      text += data
    })
    socket.on('end', () => resolve(text))
  })
}

/** A loopback address that no other program of this machine has, so that its ports are free. */
const host = `127.${(process.pid >> 16) & 127}.${(process.pid >> 8) & 255}.${process.pid & 255}`

describe.skipIf(!isAble || !hasActivation)(
  `descriptors of systemd-socket-activate${hasActivation ? why : ' (skipped: needs Debian package systemd)'}`,
  () => {
    function activated(program: string, names: string, ...listen: string[]): Program {
      const listening = listen.flatMap(at => ['-l', at])
      const starter = ['systemd-socket-activate', ...listening, `--fdname=${names}`]
      const started = new Program(program, { starter })
      programs.push(started)
      return started
    }

    /** Asks until the manager listens: it says nothing about that to others. */
    async function askFirst(to: Parameters<typeof ask>[0]): Promise<string> {
      for (;;) {
        const answer = await ask(to).catch(error => {
          if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') throw error
        })
        if (answer !== undefined) return answer
      }
    }

    it('[E6] serve TCP and a path by their names, and nobody else gets them', async () => {
      const at = path.join(folder, 'ctl')
      const service = activated('service.mjs', 'http:ctl', `${host}:8080`, at)
      expect(await askFirst({ path: at })).toBe('ctl')
      expect(await ask({ host, port: 8080 })).toBe('http')
      expect(JSON.parse(await service.line())).toEqual({
        given: [
          { fd: 3, name: 'http' },
          { fd: 4, name: 'ctl' },
        ],
        isSame: true,
        inherited: 0,
        variables: [],
      })
    })

    it('[E6] serve in the workers of a cluster', async () => {
      const at = path.join(folder, 'ctl')
      const service = activated('clustered-service.mjs', 'http:ctl', `${host}:8081`, at)
      expect(await askFirst({ path: at })).toBe('ctl')
      expect(await ask({ host, port: 8081 })).toBe('http')
      expect(JSON.parse(await service.line())).toEqual(['http,ctl', 'http,ctl'])
    })
  },
)

describe('an environment', () => {
  const env = (more: Record<string, string>) => ({ LISTEN_PID: String(process.pid), ...more })

  it('[E6] without a service manager gives nothing', async () => {
    expect(takeListenFds({ env: {} })).toEqual([])
    expect(startWatchdog({ env: {} })).toBeNull()
    expect(await notify({ ready: true }, { env: {} })).toBe(false)
    expect(await storeDescriptors('any', [0], { env: {} })).toBe(false)
  })

  it('[E6] for another process gives nothing, and is removed', () => {
    const others = { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'http', PATH: '/bin' }
    expect(takeListenFds({ env: others })).toEqual([])
    expect(others).toEqual({ PATH: '/bin' })
    expect(startWatchdog({ env: { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' } })).toBeNull()
  })

  it.each<[Record<string, string>, string, RegExp]>([
    [{ LISTEN_FDS: 'three' }, 'LISTEN_FDS', /'three', which is no whole number from 0/],
    [{ LISTEN_FDS: '-1' }, 'LISTEN_FDS', /no whole number/],
    [{ LISTEN_FDS: '1.5' }, 'LISTEN_FDS', /no whole number/],
    [{ LISTEN_FDS: '99999999999' }, 'LISTEN_FDS', /no whole number/],
    [{ LISTEN_FDS: '' }, 'LISTEN_FDS', /no whole number/],
    [{ LISTEN_FDS: '100000' }, 'LISTEN_FDS', /counts descriptor \d+, which is not open/],
    [{ LISTEN_FDS: '1', LISTEN_PID: 'me' }, 'LISTEN_PID', /no whole number from 1/],
    [{ LISTEN_FDS: '1', LISTEN_PID: '0' }, 'LISTEN_PID', /no whole number from 1/],
    [{ LISTEN_FDS: '1', LISTEN_FDNAMES: 'a:b' }, 'LISTEN_FDNAMES', /has 2 names, but LISTEN_FDS is 1/],
  ])('[E6] that says %o is told to be wrong, and removed', (more, variable, reason) => {
    const given = env(more)
    expect(() => takeListenFds({ env: given })).toThrowError(wrong(variable, reason))
    expect(given).toEqual({})
  })

  it.each([['relative'], ['@'], ['vsock:2:1234']])(
    '[E6] whose NOTIFY_SOCKET is %s is told to be wrong',
    name => {
      expect(() => notify({ ready: true }, { env: { NOTIFY_SOCKET: name } })).toThrowError(
        wrong('NOTIFY_SOCKET', /neither an absolute path nor an abstract name/),
      )
    },
  )

  it.each([null, 1, {}, Symbol('x')])('[E6] that says %s, which is no text, is told to be wrong', value => {
    const env = (variables: object) => ({ env: variables as Record<string, string> })
    const mine = { LISTEN_PID: String(process.pid), LISTEN_FDS: '0' }
    const noText = /is no string/
    for (const variable of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) {
      expect(() => takeListenFds(env({ ...mine, [variable]: value }))).toThrow(wrong(variable, noText))
    }
    expect(() => startWatchdog(env({ WATCHDOG_USEC: value }))).toThrow(wrong('WATCHDOG_USEC', noText))
    expect(() => notify({ ready: true }, env({ NOTIFY_SOCKET: value }))).toThrow(
      wrong('NOTIFY_SOCKET', noText),
    )
  })

  it.each([null, 1, 'env'])('[E6] in options that are %s is a wrong argument', async value => {
    const refused = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })
    for (const options of [value, { env: value }] as object[]) {
      expect(() => notify({ ready: true }, options)).toThrow(refused)
      expect(() => forgetDescriptors('x', options)).toThrow(refused)
      await expect(storeDescriptors('x', [0], options)).rejects.toEqual(refused)
    }
  })

  it('[E6] with a time for the watchdog that is none is told to be wrong', () => {
    for (const value of ['0', 'soon', '-5', '1e99']) {
      expect(() => startWatchdog({ env: { WATCHDOG_USEC: value } })).toThrowError(
        wrong('WATCHDOG_USEC', /no whole/),
      )
    }
  })
})

describe.skipIf(!isAble || !hasPython)(
  `a notify socket${hasPython ? why : ' (skipped: needs python3 3.9 or later)'}`,
  () => {
    async function manager(at: string, ...more: string[]): Promise<Program> {
      const program = new Program('notify-receiver.py', { args: [at, ...more], command: 'python3' })
      programs.push(program)
      expect(await program.line()).toBe('ready')
      return program
    }
    const next = async (of: Program) => JSON.parse(await of.line()) as { lines: string[]; fds: string[] }

    it.each(['a path', 'an abstract name'])('[E6] at %s hears all that a service can say', async kind => {
      const at = kind === 'a path' ? path.join(folder, 'notify') : `@x-ipc-${process.pid}`
      const heard = await manager(at)
      const env = { NOTIFY_SOCKET: at }
      const say = (state: Parameters<typeof notify>[0]) => notify(state, { env })
      expect(await say({ ready: true, status: 'Serving 3 sockets', mainPid: process.pid })).toBe(true)
      expect((await next(heard)).lines).toEqual([
        'READY=1',
        'STATUS=Serving 3 sockets',
        `MAINPID=${process.pid}`,
      ])
      const before = process.hrtime.bigint() / 1000n
      await say({ reloading: true })
      const [reloading, time] = (await next(heard)).lines
      expect(reloading).toBe('RELOADING=1')
      const at2 = BigInt(time!.slice('MONOTONIC_USEC='.length))
      expect(at2 >= before && at2 <= process.hrtime.bigint() / 1000n).toBe(true)
      await say({ stopping: true, extendTimeoutMs: 1500, errno: 5 })
      expect((await next(heard)).lines).toEqual(['STOPPING=1', 'ERRNO=5', 'EXTEND_TIMEOUT_USEC=1500000'])
      await say({ watchdog: 'trigger' })
      expect((await next(heard)).lines).toEqual(['WATCHDOG=trigger'])
    })

    it('[E6] that reads late gets all messages, in order', async () => {
      const at = path.join(folder, 'notify')
      const heard = await manager(at, 'slow')
      const many = Array.from({ length: 300 }, (_, index) => `line ${index}`)
      const sent = many.map(status => notify({ status }, { env: { NOTIFY_SOCKET: at } }))
      heard.tell('read')
      expect(new Set(await Promise.all(sent))).toEqual(new Set([true]))
      for (const status of many) expect((await next(heard)).lines).toEqual([`STATUS=${status}`])
    })

    it('[E6] gets servers and descriptors to keep, which stay ours', async () => {
      const at = path.join(folder, 'notify')
      const heard = await manager(at)
      const env = { NOTIFY_SOCKET: at }
      const server = createServer().listen(path.join(folder, 's'))
      await new Promise(resolve => server.once('listening', resolve))
      const file = openSync('/dev/null', 'r')
      expect(await storeDescriptors('kept', [server, file], { env })).toBe(true)
      const { lines, fds } = await next(heard)
      expect(lines).toEqual(['FDSTORE=1', 'FDNAME=kept'])
      const { dev, ino } = fstatSync(file)
      expect(fds).toHaveLength(2)
      expect(fds[1]).toBe(`${dev}:${ino}`)
      expect(server.listening).toBe(true)
      closeSync(file)
      await forgetDescriptors('kept', { env })
      expect(await next(heard)).toEqual({ lines: ['FDSTOREREMOVE=1', 'FDNAME=kept'], fds: [] })
      await new Promise(resolve => server.close(resolve))
    })

    it('[E6] hears a watchdog while the service is healthy', async () => {
      const at = path.join(folder, 'notify')
      const heard = await manager(at)
      let asked = 0
      const stop = startWatchdog({
        env: { NOTIFY_SOCKET: at, WATCHDOG_USEC: '4000', WATCHDOG_PID: String(process.pid) },
        isHealthy: () => ++asked < 4,
      })
      for (let times = 0; times < 3; times++) expect((await next(heard)).lines).toEqual(['WATCHDOG=1'])
      while (asked < 5) await new Promise(resolve => setImmediate(resolve))
      stop?.()
      await notify({ status: 'the next' }, { env: { NOTIFY_SOCKET: at } })
      expect((await next(heard)).lines).toEqual(['STATUS=the next'])
    })

    it('[E6] that is gone is told', async () => {
      const env = { NOTIFY_SOCKET: path.join(folder, 'nobody') }
      await expect(notify({ ready: true }, { env })).rejects.toMatchObject({
        code: 'ENOENT',
        syscall: 'sendmsg',
      })
    })

    it('[E6] is told nothing that is no state', async () => {
      const env = { NOTIFY_SOCKET: path.join(folder, 'nobody') }
      const code = (name: string) => expect.objectContaining({ code: name })
      expect(() => notify({}, { env })).toThrowError(code('ERR_INVALID_ARG_VALUE'))
      expect(() => notify({ status: 'two\nREADY=1' }, { env })).toThrowError(code('ERR_INVALID_ARG_VALUE'))
      expect(() => notify({ ready: false as never }, { env })).toThrowError(code('ERR_INVALID_ARG_VALUE'))
      expect(() => notify({ mainPid: 0 }, { env })).toThrowError(code('ERR_OUT_OF_RANGE'))
      await expect(storeDescriptors('a:b', [0], { env })).rejects.toEqual(code('ERR_INVALID_ARG_VALUE'))
      await expect(storeDescriptors('a', [], { env })).rejects.toEqual(code('ERR_INVALID_ARG_VALUE'))
    })
  },
)
