// Servers of the host in workers: they listen through the primary as ours do.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { HANG_MS } from '@x/presets/hang-limit'
import { afterAll, describe, expect, it } from 'vitest'
import { byServerName, type Cluster, type StartOptions, startCluster } from '../../src'
import { countAnswers, fixture, startAnswering, transport } from '../support/cluster-under-test'

const folder = mkdtempSync(path.join(tmpdir(), 'x-cluster-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const key = path.join(folder, 'key.pem')
const cert = path.join(folder, 'cert.pem')
const subject = ['-subj', '/CN=localhost', '-days', '2']
execFileSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ],
  { stdio: 'ignore' },
)

async function serve(
  kind: string,
  options: Partial<StartOptions> = {},
): Promise<{ cluster: Cluster; port: number; [Symbol.asyncDispose](): Promise<void> }> {
  let port = 0
  const cluster = await startCluster({
    exec: fixture('http-worker.mjs'),
    workers: 2,
    health: false,
    ...options,
    env: { KIND: kind, KEY: key, CERT: cert },
    onListening: (_worker, info) => {
      port = info.port ?? 0
    },
  })
  return { cluster, port, [Symbol.asyncDispose]: () => cluster.stop() }
}

/** The ids of the workers, as the fixtures answer with them. */
function idsOf(cluster: Cluster): string[] {
  return cluster.workers.map(worker => String(worker.id)).sort()
}

async function bodyOf(response: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text.trim()
}

async function get(module: typeof http | typeof https, port: number): Promise<string> {
  const request = module.get({
    port,
    host: '127.0.0.1',
    agent: false,
    rejectUnauthorized: false,
  } as https.RequestOptions)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return bodyOf(response)
}

async function answers(times: number, ask: () => Promise<string>): Promise<string[]> {
  const seen = new Set<string>()
  for (let i = 0; i < times; i++) seen.add(await ask())
  return [...seen].sort()
}

describe(`servers of the host on ${transport}`, () => {
  it('[C4] node:net', async () => {
    const { port } = await startAnswering({ workers: 2, env: { NET: 'node:net' } })
    expect([...(await countAnswers({ host: '127.0.0.1', port }, 10)).values()]).toEqual([5, 5])
  })

  it.each(['http', 'express', 'fastify'])('[C4] %s', async kind => {
    await using served = await serve(kind)
    expect(await answers(6, () => get(http, served.port))).toEqual(idsOf(served.cluster))
  })

  it('[C4] https', async () => {
    await using served = await serve('https')
    expect(await answers(6, () => get(https, served.port))).toEqual(idsOf(served.cluster))
  })

  it('[C4] http2', async () => {
    await using served = await serve('http2')
    const ask = async (): Promise<string> => {
      const session = http2.connect(`https://127.0.0.1:${served.port}`, { rejectUnauthorized: false })
      const text = await bodyOf(session.request({ ':path': '/' }))
      session.close()
      return text
    }
    expect(await answers(6, ask)).toEqual(idsOf(served.cluster))
  })

  it('[C4] tls', async () => {
    await using served = await serve('tls')
    const ask = (): Promise<string> =>
      bodyOf(tls.connect({ port: served.port, host: '127.0.0.1', rejectUnauthorized: false }))
    expect(await answers(6, ask)).toEqual(idsOf(served.cluster))
  })

  it('[C4] node:net with allowHalfOpen and pauseOnConnect', async () => {
    await using served = await serve('half-open', { workers: 1 })
    const client = net.connect(served.port, '127.0.0.1')
    client.end('question')
    expect(await bodyOf(client)).toBe(`${idsOf(served.cluster)} true`)
  })

  it('[C5] tells keep-alive clients to close while it drains', async () => {
    const served = await serve('http')
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const first = http.get({ port: served.port, host: '127.0.0.1', agent })
    const [response] = (await once(first, 'response')) as [http.IncomingMessage]
    await bodyOf(response)
    const reports = await served.cluster.drain({ timeoutMs: HANG_MS, idleMs: 0 })
    expect(reports.map(report => report.forced)).toEqual([0, 0])
    agent.destroy()
  })

  it('[C5] resets no request of a keep-alive connection while it reloads', async () => {
    await using served = await serve('http')
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
    let isOver = false
    let answered = 0
    const ask = async (): Promise<void> => {
      while (!isOver) {
        const request = http.get({ port: served.port, host: '127.0.0.1', agent })
        const [response] = (await once(request, 'response')) as [http.IncomingMessage]
        await bodyOf(response)
        answered++
      }
    }
    const load = [ask(), ask(), ask(), ask()]
    expect(await served.cluster.reload()).toMatchObject({ replaced: 2 })
    isOver = true
    await Promise.all(load)
    agent.destroy()
    expect(answered).toBeGreaterThan(0)
  })

  it.skipIf(transport !== 'native' || process.platform !== 'linux')(
    '[E5] a policy chooses by the server name of TLS clients, where first bytes can be seen',
    async () => {
      const names = ['a.example', 'b.example']
      const policy = byServerName(
        (name, candidates) => candidates.find(({ place }) => place === names.indexOf(name ?? '')) ?? null,
      )
      await using serving = await serve('tls', { policy })
      const ids = serving.cluster.workers.map(worker => String(worker.id))
      for (const [turn, servername] of [...names, ...names].entries()) {
        const client = tls.connect({
          port: serving.port,
          host: '127.0.0.1',
          servername,
          rejectUnauthorized: false,
        })
        const [text] = await once(client, 'data')
        expect(String(text).trim()).toBe(ids[turn % 2])
        client.destroy()
      }
    },
  )
})
