import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { DemoProcess, type Finished, run, runDemo, whyNoMoves } from './demo-process'
import { RawClient } from './raw-client'
import { temporaryFolder } from './temporary-folder'

function ctl(demo: DemoProcess, ...words: string[]): Promise<Finished> {
  return runDemo(['ctl', ...words, '--port', String(demo.port)])
}

it('status tells of workers and clients, for people and for programs', async () => {
  await using demo = await DemoProcess.start('--workers', '2')
  await using client = await RawClient.connect(demo.port)
  await client.ask('SUBSCRIBE a\r\n')
  const people = await ctl(demo, 'status')
  expect(people).toMatchObject({ code: 0, stderr: '' })
  expect(people.stdout).toContain('1 client, 1 of them subscribers')
  expect(people.stdout).toMatch(new RegExp(`^ *2 +${await demo.pidOf(2)} +ready +\\d`, 'm'))
  const status = JSON.parse((await ctl(demo, 'status', '--json')).stdout)
  expect(status).toMatchObject({
    pid: demo.child.pid,
    clients: 1,
    places: { port: demo.port, path: demo.path },
  })
  expect(status.workers.map(({ state }: { state: string }) => state)).toEqual(['ready', 'ready'])
})

const noMoves = whyNoMoves()

it.skipIf(noMoves)(
  `scale and reload keep the clients: they are moved${noMoves ? ` (${noMoves})` : ''}`,
  async () => {
    await using demo = await DemoProcess.start('--workers', '1')
    const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(demo.path)))
    onTestFinished(async () => {
      await Promise.all(clients.map(client => client[Symbol.asyncDispose]()))
    })
    for (const client of clients) await client.ask('SUBSCRIBE a\r\n')
    expect((await ctl(demo, 'scale', '3')).stdout).toBe('scaled to 3 workers, 0 clients moved\n')
    expect((await ctl(demo, 'reload')).stdout).toBe('reloaded: 3 workers replaced, 6 clients moved\n')
    expect((await ctl(demo, 'scale', '1')).stdout).toMatch(/^scaled to 1 worker, [0-6] clients? moved\n$/)
    const status = JSON.parse((await ctl(demo, 'status', '--json')).stdout)
    expect(status).toMatchObject({ clients: 6, subscribers: 6, reloads: 1 })
    expect(status.workers).toHaveLength(1)
    await using publisher = await RawClient.connect(demo.port)
    expect(await publisher.ask('PUBLISH a still-here\r\n')).toBe(':6\r\n')
    await Promise.all(clients.map(client => client.until('still-here')))
  },
)

it.each(['drain', 'stop'])('%s ends the program, and waits until it has ended', async order => {
  await using demo = await DemoProcess.start()
  await using client = await RawClient.connect(demo.port)
  await client.ask('PING\r\n')
  expect(await ctl(demo, order)).toMatchObject({ code: 0, stdout: 'stopped\n', stderr: '' })
  expect(await demo.finished).toMatchObject({ code: 0 })
  await client.ended()
})

it('says that no demo runs there', async () => {
  const { code, stdout, stderr } = await runDemo(['ctl', 'status', '--port', '1'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^demo: no demo of this user runs on port 1 .*\nStart one with npm start/)
})

it('says that the demo has died', async () => {
  await using demo = await DemoProcess.start()
  await demo.kill('SIGKILL')
  const { code, stderr } = await ctl(demo, 'status')
  expect(code).toBe(1)
  expect(stderr).toMatch(/^demo: the demo that listened at .* has died/)
})

it.each(['', 'fly', 'scale', 'scale 0', 'scale x', 'reload now', 'status --nonsense', 'status --port x'])(
  'demo ctl %s is refused with exit code 2',
  async words => {
    const { code, stderr } = await runDemo(['ctl', ...words.split(' ').filter(Boolean)])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^demo: .+\nSee demo ctl --help\n$/s)
  },
)

/** What passes no descriptors tells no credentials either. */
const noStranger = process.getuid?.() === 0 ? noMoves : 'only root can become another user'

it.skipIf(noStranger)(`another user is refused${noStranger ? ` (${noStranger})` : ''}`, async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  const path = join(folder, 'ctl.sock')
  await using demo = await DemoProcess.start('--control', path)
  const program = `
    process.setgroups([])
    process.setgid(65534)
    process.setuid(65534)
    require('node:net').connect(process.argv[1]).on('error', error => console.log(error.code)).on('connect', () => console.log('let in'))
  `
  expect((await run(process.execPath, ['-e', program, path])).stdout).toBe('EACCES\n')
  // Even where the mode lets it in, its user does not.
  chmodSync(path, 0o666)
  const ask = `${program}.on('close', () => console.log('closed'))`
  expect((await run(process.execPath, ['-e', ask, path])).stdout).toBe('let in\nclosed\n')
  expect((await runDemo(['ctl', 'status', '--control', path])).code).toBe(0)
  expect(demo.child.exitCode).toBeNull()
})
