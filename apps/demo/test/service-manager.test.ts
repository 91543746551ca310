// The broker as a service: sockets of systemd-socket-activate, what is told at a real notify socket, and a restart on one socket.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { PROGRAM, Program, run, runDemo, whyNo, whyNoMoves } from './demo-process'
import { RawClient } from './raw-client'
import { Visitors } from './visitors'

const file = (name: string) => new URL(`programs/${name}`, import.meta.url).pathname
/** What passes no descriptors notifies nobody either. */
const noSystemd = whyNoMoves() ?? whyNo('systemd-socket-activate') ?? whyNo('python3')
const reason = noSystemd === null ? '' : ` (${noSystemd})`
const noKeeper = whyNoMoves() ?? whyNo('python3')

/** A loopback address that no other program of this machine has, so that its ports are free. */
const HOST = `127.${(process.pid >> 16) & 127}.${(process.pid >> 8) & 255}.${process.pid & 255}`
const TCP_PORT = 6399

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'x-demo-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Connects as soon as the manager listens, which starts the program. */
async function firstClient(path: string): Promise<RawClient> {
  for (;;) {
    const client = await RawClient.connect(path).catch(() => null)
    if (client !== null) return client
  }
}

it.skipIf(noSystemd)(
  `serves on the sockets of systemd-socket-activate, and says how it is${reason}`,
  async () => {
    const folder = temporaryFolder()
    const [path, notified, control] = ['demo.sock', 'notify.sock', 'ctl.sock'].map(name =>
      join(folder, name),
    ) as [string, string, string]
    await using manager = new Program('python3', [file('notify-receiver.py'), notified])
    await manager.printed(/listening/)
    const said = () =>
      manager.stdout
        .split('\n')
        .slice(1)
        .filter(Boolean)
        .map(line => JSON.parse(line) as { pid: number; said: string[] })
    const hears = (what: string, times = 1) =>
      manager.when(() => said().filter(message => message.said.includes(what)).length >= times, what)
    const demo = ['--workers', '2', '--no-page', '--quiet', '--control', control]
    const env = [
      '-E',
      `NOTIFY_SOCKET=${notified}`,
      '-E',
      'WATCHDOG_USEC=500000',
      '-E',
      `XDG_RUNTIME_DIR=${folder}`,
    ]
    await using service = new Program('systemd-socket-activate', [
      '-l',
      `${HOST}:${TCP_PORT}`,
      '-l',
      path,
      ...env,
      process.execPath,
      PROGRAM,
      ...demo,
    ])
    await using local = await firstClient(path)
    expect(await local.ask('CLIENT LIST\r\n')).toContain(`addr=${path}:0`)
    await hears('READY=1')
    expect(said().every(({ pid }) => pid === service.child.pid)).toBe(true)
    await hears('WATCHDOG=1', 3)
    const { stdout } = await runDemo(['ctl', 'status', '--json', '--control', control])
    expect(JSON.parse(stdout).places).toEqual({ port: TCP_PORT, path })
    if (whyNo('redis-cli') === null) {
      expect((await run('redis-cli', ['-h', HOST, '-p', String(TCP_PORT), 'PING'])).stdout).toBe('PONG\n')
    }

    // `systemctl reload`.
    service.child.kill('SIGHUP')
    await hears('RELOADING=1')
    await hears('READY=1', 2)
    expect(
      said()
        .find(message => message.said.includes('RELOADING=1'))!
        .said.join(),
    ).toMatch(/MONOTONIC_USEC=\d+/)
    expect(said().at(-1)!.said.join()).not.toContain('STOPPING')
    expect(await local.ask('PING\r\n')).toBe('+PONG\r\n')

    expect(await service.kill('SIGTERM')).toMatchObject({ code: 0 })
    await hears('STOPPING=1')
    // It is the manager's, and no successor could be reached without it.
    expect(existsSync(path)).toBe(true)
  },
)

it.skipIf(noKeeper)(
  `a restart on a socket that is kept refuses nobody${noKeeper === null ? '' : ` (${noKeeper})`}`,
  async () => {
    const folder = temporaryFolder()
    const demo = [
      process.execPath,
      PROGRAM,
      '--workers',
      '1',
      '--no-page',
      '--control',
      join(folder, 'ctl.sock'),
    ]
    await using keeper = new Program('python3', [file('socket-keeper.py'), '3', ...demo])
    const port = Number((await keeper.printed(/port (\d+)/))[1])
    const visitors = new Visitors(port, 3)
    const starts = () => [...keeper.stdout.matchAll(/started (\d+)/g)].map(match => Number(match[1]))
    for (let restart = 0; restart < 2; restart++) {
      await keeper.when(({ stderr }) => stderr.split('ready on').length > restart + 1)
      await visitors.more(50)
      process.kill(starts().at(-1)!, 'SIGTERM')
      await keeper.when(() => starts().length === restart + 2)
    }
    await keeper.when(({ stderr }) => stderr.split('ready on').length > 3)
    await visitors.more(50)
    await visitors.stop()
    process.kill(starts().at(-1)!, 'SIGTERM')
    await keeper.finished
    // Those that were being served at that moment are ended; nobody is refused or reset.
    expect(visitors.failures.filter(failure => failure !== '""')).toEqual([])
    expect(visitors.failures.length).toBeLessThanOrEqual(2 * 3)
  },
)

it.skipIf(noKeeper)('says what is wrong with what the service manager says', async () => {
  const { code, stderr } = await run('sh', [
    '-c',
    'LISTEN_PID=$$ LISTEN_FDS=900 exec "$0" "$@"',
    process.execPath,
    PROGRAM,
  ])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^demo: the service manager's sockets cannot be taken: .*LISTEN_FDS/)
})

it.skipIf(noKeeper)('goes on where the service manager does not hear', async () => {
  const folder = temporaryFolder()
  await using demo = new Program(
    process.execPath,
    [PROGRAM, '--port', '0', '--no-path', '--no-page', '--workers', '1'],
    {
      ...process.env,
      NOTIFY_SOCKET: join(folder, 'nobody'),
    },
  )
  await demo.printed(/the service manager does not hear: .*ENOENT/)
  await demo.printed(/ready on/)
  expect(await demo.kill('SIGTERM')).toMatchObject({ code: 0 })
})

const noAnalyze = whyNo('systemd-socket-activate')

it.skipIf(noAnalyze)(
  `systemd-analyze finds nothing wrong with the units of the deploy folder${noAnalyze === null ? '' : ` (${noAnalyze})`}`,
  async () => {
    const units = ['x-demo.socket', 'x-demo.service'].map(
      name => new URL(`../deploy/${name}`, import.meta.url).pathname,
    )
    const { stderr } = await run('systemd-analyze', ['verify', ...units])
    // What it says of other units is not ours, and node may be elsewhere on this machine.
    const ours = stderr
      .split('\n')
      .filter(line => line.includes('x-demo') && !line.includes('is not executable'))
    expect(ours).toEqual([])
  },
)
