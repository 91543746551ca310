// A cluster that serves on a socket which the service manager has opened: the address is the manager's, and stays when workers
// fall and are replaced. On each transport, started by systemd-socket-activate.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { selectTransport } from '@x/core/transport'
import { afterEach, describe, expect, it } from 'vitest'

const hasActivation = spawnSync('systemd-socket-activate', ['--version']).status === 0
const hasNative = selectTransport().transport.name === 'native'
const program = path.join(import.meta.dirname, '..', 'programs', 'activated-cluster.mjs')
/** A loopback address that no other program of this machine has, so that its ports are free. */
const host = `127.${(process.pid >> 16) & 127}.${(process.pid >> 8) & 255}.${process.pid & 255}`
const running: ChildProcess[] = []

afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})

/** The service, which the first connection starts. */
function service(transport: string, port: number) {
  const args = ['-l', `${host}:${port}`, '--fdname=web', '-E', `X_NET_TRANSPORT=${transport}`]
  const child = spawn('systemd-socket-activate', [...args, process.execPath, program], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  running.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async line(): Promise<string> {
      const { value, done } = await lines.next()
      if (done) throw new Error('the service has ended')
      return value
    },
    tell: (line: string) => child.stdin.write(`${line}\n`),
  }
}

/** All that a connection gets. */
async function ask(port: number): Promise<string> {
  const socket = connect(port, host).setEncoding('utf8')
  let text = ''
  for await (const data of socket) text += data
  return text
}

/** Asks until the manager listens: it says nothing about that to others. */
async function askFirst(port: number): Promise<string> {
  for (;;) {
    const answer = await ask(port).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNREFUSED') throw error
    })
    if (answer !== undefined) return answer
  }
}

/** Who answers ten connections in turns. */
async function answers(port: number): Promise<Set<string>> {
  const all = new Set<string>()
  for (let times = 0; times < 10; times++) all.add(await ask(port))
  return all
}

describe.skipIf(!hasActivation)(
  `a cluster on a socket of systemd${hasActivation ? '' : ' (skipped: needs Debian package systemd)'}`,
  () => {
    it.each([['portable', 8080], ...(hasNative ? [['native', 8081] as const] : [])] as const)(
      '[E6] serves, and keeps the address when workers fall and are replaced, on %s',
      async (transport, port) => {
        const { line, tell } = service(transport, port)
        expect(await askFirst(port)).toMatch(/^web [12]$/)
        expect(await line()).toBe('started 1,2')
        expect(await answers(port)).toEqual(new Set(['web 1', 'web 2']))
        tell('kill 1')
        expect(await line()).toBe('done kill')
        expect(await line()).toBe('ready 3')
        expect(await answers(port)).toEqual(new Set(['web 2', 'web 3']))
        tell('reload')
        expect([await line(), await line()].sort()).toEqual(['ready 4', 'ready 5'])
        expect(await line()).toBe('done reload')
        expect(await answers(port)).toEqual(new Set(['web 4', 'web 5']))
      },
    )
  },
)
