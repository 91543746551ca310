// A policy sees the first bytes of a connection; the worker gets it untouched.
import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { type Candidate, cluster as nodeCluster, type Policy } from '../../src'
import { Client, startAnswering, transport } from '../support/cluster-under-test'

const canPeek = transport === 'native' && process.platform === 'linux'
const here = { host: '127.0.0.1' }

const placeOf = (candidates: readonly Candidate[], place: number): Candidate | null =>
  candidates.find(candidate => candidate.place === place) ?? null

/** By the first line: `place 0` or `place 1`; without one, the last. */
function byLine(peek: Policy['peek'] = {}): Policy {
  return {
    name: 'by-line',
    needsAddress: false,
    isBinding: true,
    peek: { isEnough: bytes => bytes.includes('\n'), ...peek },
    pick: (candidates, { firstBytes }) =>
      placeOf(candidates, firstBytes.toString().startsWith('place 0') ? 0 : 1),
  }
}

/** What a client that sends these is answered: the worker's id, then its words back. */
async function ask(port: number, ...words: string[]): Promise<(string | null)[]> {
  const client = new Client({ ...here, port })
  for (const word of words) client.socket.write(word)
  const answers = [await client.line(), await client.line()]
  await client.close()
  return answers
}

describe.skipIf(!canPeek)(`first bytes on ${transport} (left out where they cannot be seen)`, () => {
  it('[E5] chooses by a first line, which the worker reads as well', async () => {
    const { port, cluster } = await startAnswering({ policy: byLine() })
    const [first, second] = cluster.workers.map(worker => String(worker.id))
    expect(await ask(port, 'place 0\n')).toEqual([first, 'place 0'])
    expect(await ask(port, 'place 1\n')).toEqual([second, 'place 1'])
  })

  it('[E5] waits for the pieces of a slow client, and serves others meanwhile', async () => {
    const { port, cluster } = await startAnswering({ policy: byLine() })
    const [first, second] = cluster.workers.map(worker => String(worker.id))
    const slow = new Client({ ...here, port })
    slow.socket.setNoDelay(true)
    for (const piece of ['p', 'lace', ' 0']) {
      slow.socket.write(piece)
      expect(await ask(port, 'place 1\n')).toEqual([second, 'place 1'])
    }
    slow.socket.write('\n')
    expect(await slow.line()).toBe(first)
    expect(await slow.line()).toBe('place 0')
    await slow.close()
  })

  it('[E5] goes by what has come at the deadline, which may be nothing', async () => {
    const { port, cluster } = await startAnswering({ policy: byLine({ deadlineMs: 50 }) })
    const silent = new Client({ ...here, port })
    expect(await silent.line()).toBe(String(cluster.workers[1]?.id))
    expect(await silent.ask('late')).toBe('late')
    await silent.close()
  })

  it('[E5] goes by what has come at the end of the stream', async () => {
    const { port, cluster } = await startAnswering({ policy: byLine({ deadlineMs: 2 ** 31 - 1 }) })
    const client = new Client({ ...here, port })
    client.socket.end('place 0')
    expect(await client.line()).toBe(String(cluster.workers[0]?.id))
  })

  it('[E5] more silent clients than may wait hold up nobody', async () => {
    const policy = byLine({ maxWaiting: 3, deadlineMs: 2 ** 31 - 1 })
    const { port } = await startAnswering({ policy })
    const silent = Array.from({ length: 10 }, () => new Client({ ...here, port }))
    for (let i = 0; i < 5; i++) expect((await ask(port, 'place 0\n'))[1]).toBe('place 0')
    await Promise.all(silent.map(client => client.close()))
  })

  it('[E5] a client that resets while it waits costs nobody anything', async () => {
    const { port, cluster } = await startAnswering({ policy: byLine({ deadlineMs: 2 ** 31 - 1 }) })
    for (let i = 0; i < 10; i++) {
      const gone = net.connect({ ...here, port }).on('error', () => {})
      await once(gone, 'connect')
      gone.write('place')
      gone.resetAndDestroy()
    }
    expect((await ask(port, 'place 0\n'))[1]).toBe('place 0')
    await cluster.reload()
    expect((await ask(port, 'place 0\n'))[1]).toBe('place 0')
  })

  it('[E5] an isEnough that throws is told of, and the connection goes by what there is', async () => {
    const isEnough = (): boolean => {
      throw new Error('of isEnough')
    }
    const { port, cluster } = await startAnswering({ policy: byLine({ isEnough }) })
    const warning = once(cluster, 'warning')
    expect((await ask(port, 'place 0\n'))[1]).toBe('place 0')
    expect(await warning).toMatchObject([{ code: 'ERR_X_CLUSTER_POLICY' }])
  })

  it.each([
    ['maxBytes', 0, 'ERR_OUT_OF_RANGE'],
    ['deadlineMs', 0, 'ERR_OUT_OF_RANGE'],
    ['maxWaiting', 1.5, 'ERR_OUT_OF_RANGE'],
    ['isEnough', 'x', 'ERR_INVALID_ARG_TYPE'],
  ])('[E5] refuses a wrong %s', async (name, value, code) => {
    const policy = byLine({ [name]: value } as never)
    await expect(startAnswering({ policy })).rejects.toMatchObject({ code })
  })
})

describe.skipIf(canPeek)(`first bytes where ${transport} cannot show them`, () => {
  it('[E5] are refused with ERR_X_UNSUPPORTED', async () => {
    const code = 'ERR_X_UNSUPPORTED'
    await expect(startAnswering({ policy: byLine() })).rejects.toMatchObject({ code })
    expect(() => nodeCluster.setupPrimary({ policy: byLine() })).toThrow(expect.objectContaining({ code }))
  })
})
