// Descriptors to and from programs in other languages: Python's socket.send_fds and recv_fds, and C.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readSync, writeFileSync } from 'node:fs'
import { connect as nodeConnect } from 'node:net'
import path from 'node:path'
import { createServer, type Server, type Socket } from '@x/core'
import { selectTransport } from '@x/core/transport'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDescriptor, createRawHandoff, type Descriptor, listen, type RawHandoff } from '../src/index'
import { temporaryFolder } from './wires'

const { transport, reason } = selectTransport()
const programs = path.join(__dirname, 'programs')
const tools = temporaryFolder()
const binary = path.join(tools.folder, 'handoff')
const python = 'import socket; socket.send_fds, socket.recv_fds'

const noHandoff = transport.descriptors !== null ? null : `the native transport is not there: ${reason}`
const noPython = spawnSync('python3', ['-c', python]).status === 0 ? null : 'there is no Python 3.9'
const noCompiler = spawnSync('cc', ['--version']).status === 0 ? null : 'there is no C compiler'

let folder = ''
let remove = () => {}
let server: Server
let link: RawHandoff | null = null

beforeAll(() => {
  if (noCompiler !== null) return
  const { status, stderr } = spawnSync('cc', [
    '-Wall',
    '-D_GNU_SOURCE',
    '-o',
    binary,
    path.join(programs, 'handoff.c'),
  ])
  if (status !== 0) throw new Error(String(stderr))
})
afterAll(() => tools.remove())
beforeEach(async () => {
  ;({ folder, remove } = temporaryFolder())
  server = await listen(path.join(folder, 's'))
  writeFileSync(path.join(folder, 'file'), 'content')
})
afterEach(async () => {
  link?.destroy()
  link = null
  server.close()
  await once(server, 'close')
  remove()
})

const languages = [
  { name: 'Python', command: ['python3', path.join(programs, 'handoff.py')], missing: noHandoff ?? noPython },
  { name: 'C', command: [binary], missing: noHandoff ?? noCompiler },
]

describe.each(languages)('$name', ({ name, command, missing }) => {
  const test = missing === null ? it : (it.skip as typeof it)
  const because = missing === null ? '' : ` (skipped: ${missing})`

  function start(...args: string[]) {
    const [program = '', ...rest] = command
    const child = spawn(program, [...rest, args[0]!, path.join(folder, 's'), ...args.slice(1)])
    let output = ''
    child.stdout.on('data', chunk => {
      output += chunk
    })
    child.stderr.pipe(process.stderr)
    return { exit: once(child, 'close'), text: () => output }
  }

  async function accept(): Promise<RawHandoff> {
    const [socket] = (await once(server, 'connection')) as [Socket]
    link = createRawHandoff(socket)
    return link
  }

  test(`[I5] sends descriptors to us${because}`, async () => {
    const child = start('send', path.join(folder, 'file'))
    const raw = await accept()
    const received: Descriptor[] = []
    let text = ''
    raw.on('data', (bytes, descriptors) => {
      text += bytes
      received.push(...descriptors)
    })
    await Promise.all([once(raw, 'end'), child.exit])
    expect(text).toBe(`two from ${name}\n`)
    expect(received).toHaveLength(2)
    for (const descriptor of received) {
      const fd = descriptor.take()
      const bytes = Buffer.alloc(100)
      expect(bytes.toString('utf8', 0, readSync(fd, bytes, 0, 100, 0))).toBe('content')
      closeSync(fd)
    }
  })

  test(`[I5] receives descriptors from us${because}`, async () => {
    const child = start('receive')
    const raw = await accept()
    const fds = [1, 2, 3].map(() => openSync(path.join(folder, 'file'), 'r'))
    await raw.send(Buffer.from('three'), fds)
    await child.exit
    expect(child.text().trim()).toBe('three content content content')
    for (const fd of fds) closeSync(fd)
  })

  test(`[I5] that sends what nobody listens for costs no descriptor${because}`, async () => {
    const before = readdirSync('/proc/self/fd').length
    const child = start('send', path.join(folder, 'file'))
    const raw = await accept()
    await child.exit
    const closed = once(raw, 'close')
    raw.destroy()
    await closed
    expect(readdirSync('/proc/self/fd')).toHaveLength(before)
  })
})

describe('Python', () => {
  const missing = noHandoff ?? noPython
  const test = missing === null ? it : (it.skip as typeof it)

  test(`[I5] serves a connection that we accepted${missing === null ? '' : ` (skipped: ${missing})`}`, async () => {
    const child = spawn('python3', [path.join(programs, 'handoff.py'), 'serve', path.join(folder, 's')])
    const [socket] = (await once(server, 'connection')) as [Socket]
    link = createRawHandoff(socket)
    const tcp = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const client = nodeConnect((tcp.address() as { port: number }).port, '127.0.0.1')
    const [accepted] = (await once(tcp, 'connection')) as [Socket]
    tcp.close()
    const descriptor = await createDescriptor(accepted)
    await link.send(Buffer.from('hello'), [descriptor])
    descriptor.close()
    let text = ''
    for await (const chunk of client) text += chunk
    expect(text).toBe('answered by Python: hello')
    await once(child, 'close')
  })
})
