// Clusters for tests: started from a fixture, talked to by clients of the host, ended with the test.
import { once } from 'node:events'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import { type Cluster, type StartOptions, startCluster } from '../../src'

/** The transport that this run is about. */
export const transport = process.env['X_NET_TRANSPORT'] ?? 'native'

const running = new Set<Cluster>()

afterEach(async () => {
  await Promise.all([...running].map(cluster => cluster.stop()))
  running.clear()
})

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}

export interface Answering {
  readonly cluster: Cluster
  readonly port: number
}

/** A cluster whose workers answer with their id, and the port that they serve. */
export async function startAnswering(
  options: Partial<StartOptions> & { where?: object; port?: number },
): Promise<Answering> {
  const { where = { port: 0, host: '127.0.0.1' }, env, port: known = 0, ...rest } = options
  let port = known
  const cluster = await startCluster({
    exec: fixture('answering-worker.mjs'),
    workers: 2,
    health: false,
    ...rest,
    env: { ...env, WHERE: JSON.stringify(where) },
    onMessage: (_worker, message) => {
      const { listening } = message as { listening?: { port?: number } }
      if (known === 0) port = listening?.port ?? port
    },
  })
  running.add(cluster)
  while (port === 0 && !('path' in where)) await once(cluster, 'message')
  return { cluster, port }
}

/** A client that reads lines. */
export class Client {
  readonly socket: net.Socket
  #text = ''
  #ended = false

  constructor(to: net.NetConnectOpts) {
    this.socket = net.connect(to)
    this.socket.on('data', data => {
      this.#text += String(data)
      this.socket.emit('text')
    })
    this.socket.on('close', () => {
      this.#ended = true
      this.socket.emit('text')
    })
    this.socket.on('error', () => {})
  }

  /** The next line; null where the connection ended first. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#text.indexOf('\n')
      if (end >= 0) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 1)
        return line
      }
      if (this.#ended) return null
      await new Promise(resolve => this.socket.once('text', resolve))
    }
  }

  async ask(line: string): Promise<string | null> {
    this.socket.write(`${line}\n`)
    return this.line()
  }

  async close(): Promise<void> {
    if (this.socket.destroyed) return
    const closed = once(this.socket, 'close')
    this.socket.end()
    this.socket.resume()
    await closed
  }
}

/** Blocks the loop of a worker for ever; its id. One that falls before it says that it blocks is not it. */
export async function blockWorker(to: net.NetConnectOpts): Promise<number> {
  for (;;) {
    const client = new Client(to)
    const id = await client.line()
    if (id !== null && (await client.ask('block')) === 'blocking') return Number(id)
  }
}

/** Looks again until it is so; what workers tell of themselves comes a little later. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 5))
}

/** Connects so many times, one after the other; how often each worker answered. */
export async function countAnswers(to: net.NetConnectOpts, times: number): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  for (let i = 0; i < times; i++) {
    const client = new Client(to)
    const id = Number(await client.line())
    counts.set(id, (counts.get(id) ?? 0) + 1)
    await client.close()
  }
  return counts
}
