import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseOutputLimit } from '../src/client/output-limit'
import { parseOptions } from '../src/options'
import { DemoProcess, runDemo } from './demo-process'
import { RawClient } from './raw-client'
import { temporaryFolder } from './temporary-folder'

it('has defaults', () => {
  expect(parseOptions([])).toEqual({
    port: 6399,
    host: '127.0.0.1',
    path: undefined,
    workers: availableParallelism(),
    drainSeconds: 30,
    maxRequestBytes: 64 * 1024 ** 2,
    outputLimit: { hardBytes: 32 * 1024 ** 2, softBytes: 8 * 1024 ** 2, softSeconds: 60 },
    maxClients: 10_000,
    page: undefined,
    control: undefined,
    trustedProxies: [],
    edge: { maxPerAddress: 0, addressRate: 0, acceptRate: 0, firstByteSeconds: 30, maxSilent: 0 },
    drainNoticeSeconds: 0,
    bus: null,
    busGroup: 'demo',
    busLimitBytes: 32 * 1024 ** 2,
    logLevel: 'info',
    showsBanner: true,
  })
})

it('reads output limits as redis.conf writes them', () => {
  expect(parseOutputLimit('64kb')).toEqual({ hardBytes: 65_536, softBytes: 0, softSeconds: 0 })
  expect(parseOutputLimit('1GB 5m 0')).toEqual({ hardBytes: 1024 ** 3, softBytes: 5e6, softSeconds: 0 })
  for (const wrong of ['', '1 2', 'x', '1 2 x', '1 2 3 4', '-1', '1zz'])
    expect(parseOutputLimit(wrong)).toBeNull()
})

it.each([
  '--port x',
  '--port 65536',
  '--port=-1',
  '--nonsense',
  'stray',
  '--host ',
  '--max-request 10',
  '--max-request 9xb',
  '--output-limit 1,2',
  '--max-clients 0',
  '--workers 0',
  '--workers many',
  '--drain-seconds 0',
  '--page x',
  '--log-level loud',
  '--max-per-address x',
  '--address-rate=-1',
  '--first-byte-seconds 1.5',
  '--max-silent some',
  '--proxy-protocol 1.2.3',
  '--proxy-protocol 10.0.0.0/33',
  '--proxy-protocol ',
  '--drain-notice soon',
  '--no-tcp --no-path',
  '--path /x --no-path',
])('demo %s is refused with a clear error and exit code 2', async words => {
  const { code, stdout, stderr } = await runDemo(words.split(' '))
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^demo: .+\nSee demo --help\n$/s)
  expect(stderr).not.toMatch(/\n\s+at /)
})

it('explains itself with --help and --version', async () => {
  const help = await runDemo(['--help'])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toContain('--output-limit')
  expect(await runDemo(['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  })
})

it('prints the commands to talk to it, on both endpoints, and which transport runs', async () => {
  await using demo = await DemoProcess.start()
  expect(demo.stdout).toContain(`redis-cli -p ${demo.port} subscribe news`)
  expect(demo.stdout).toContain(`redis-cli -s ${demo.path} publish news hello`)
  expect(demo.stdout).toMatch(/^Transport: (native|portable) \(.+\)$/m)
})

it('says what to do where the port is taken', async () => {
  await using demo = await DemoProcess.start()
  const { code, stderr } = await runDemo(['--port', String(demo.port), '--no-path'])
  expect(code).toBe(1)
  expect(stderr).toContain(`port ${demo.port} on 127.0.0.1 is taken`)
  expect(stderr).toContain('--port 0')
})

it('says what to do where the path is taken, and leaves it to its owner', async () => {
  await using demo = await DemoProcess.start()
  const { code, stderr } = await runDemo(['--no-tcp', '--path', demo.path])
  expect(code).toBe(1)
  expect(stderr).toContain(`${demo.path} is taken`)
  await using client = await RawClient.connect(demo.path)
  expect(await client.ask('')).toBe('')
})

it.each<[string, (path: string) => void]>([
  ['a file', path => writeFileSync(path, 'precious')],
  ['a folder', path => mkdirSync(path)],
  ['a symbolic link', path => symlinkSync('/nowhere', path)],
])('leaves %s alone that is where its socket goes, and says what to do', async (what, make) => {
  const XDG_RUNTIME_DIR = temporaryFolder()
  const path = join(XDG_RUNTIME_DIR, 'x-demo.sock')
  make(path)
  const { code, stderr } = await runDemo(['--no-tcp'], { ...process.env, XDG_RUNTIME_DIR })
  expect(code).toBe(1)
  expect(stderr).toContain(`${path} is ${what} and no socket`)
  expect(stderr).toMatch(/Move it away or remove it.* --path, or .*: --no-path/)
  expect(lstatSync(path).isSocket()).toBe(false)
})

it('says where its sockets go where that folder does not exist', async () => {
  const env = { ...process.env, XDG_RUNTIME_DIR: join(temporaryFolder(), 'none') }
  const { code, stderr } = await runDemo(['--port', '0', '--no-path'], env)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^demo: there is no place for the sockets .*XDG_RUNTIME_DIR/s)
  expect(stderr).not.toContain('    at ')
})

it('says what to do where the folder of the path does not exist', async () => {
  const { code, stderr } = await runDemo(['--no-tcp', '--path', join(temporaryFolder(), 'none', 'x.sock')])
  expect(code).toBe(1)
  expect(stderr).toContain('does not exist')
})

it('takes over the socket file of a demo that was killed', async () => {
  await using first = await DemoProcess.start()
  await first.kill('SIGKILL')
  expect(existsSync(first.path)).toBe(true)
  await using second = await DemoProcess.start('--path', first.path)
  await using client = await RawClient.connect(first.path)
  expect(await client.ask('PING\r\n')).toBe('+PONG\r\n')
  expect(await second.kill('SIGTERM')).toMatchObject({ code: 0 })
  expect(existsSync(first.path)).toBe(false)
})

it('says that an address is not of this machine', async () => {
  const { code, stderr } = await runDemo(['--port', '0', '--no-path', '--host', '192.0.2.1'])
  expect(code).toBe(1)
  expect(stderr).toContain('192.0.2.1 is no address of this machine')
})

it('runs on the path alone', async () => {
  const path = join(temporaryFolder(), 'alone.sock')
  await using demo = new DemoProcess(process.execPath, [
    new URL('../dist/main.js', import.meta.url).pathname,
    '--no-tcp',
    '--path',
    path,
  ])
  await demo.printed(/Ctrl-C stops it/)
  expect(demo.stdout).not.toContain('redis-cli -p')
  await using client = await RawClient.connect(path)
  expect(await client.ask('PING\r\n')).toBe('+PONG\r\n')
})
