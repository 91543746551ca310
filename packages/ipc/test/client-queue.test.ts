// What waits in a client for a connection, or for a server that is behind: how much it may be, and that it is sent.
import { once } from 'node:events'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  type Channel,
  type Client,
  type ClientOptions,
  createChannel,
  createClient,
  listen,
} from '../src/index'
import { Program } from './processes'
import { temporaryFolder } from './wires'

let folder = ''
let remove = () => {}

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
})
afterEach(() => remove())

const at = () => path.join(folder, 's')
const code = (name: string) => expect.objectContaining({ code: name })

function client(options: ClientOptions = {}): Client {
  const made = createClient(at(), { firstDelayMs: 5, mostDelayMs: 20, ...options })
  onTestFinished(() => made.destroy())
  return made
}

/** A server whose channels end with the test. */
async function serve(each: (channel: Channel) => void, limits = {}): Promise<void> {
  const channels: Channel[] = []
  const server = await listen(at(), {}, socket => {
    channels.push(createChannel(socket, limits))
    each(channels.at(-1)!)
  })
  onTestFinished(async () => {
    for (const channel of channels) channel.destroy()
    server.close()
    await once(server, 'close')
  })
}

describe('what waits in a client', () => {
  it('[I7] is bounded in bytes while there is no connection', async () => {
    const one = client({ queueLimitBytes: 10_000 })
    const taken = one.request('x'.repeat(2000))
    taken.catch(() => {})
    await expect(one.request('x'.repeat(3000))).rejects.toEqual(code('ERR_X_NOT_SENT'))
    await one.close()
    await expect(taken).rejects.toEqual(code('ERR_X_NOT_SENT'))
  })

  it('[I7] is sent no faster than the server takes it', async () => {
    const one = client({ channel: { backlogLimitBytes: 2_000_000 } })
    const downs: string[] = []
    one.on('down', error => downs.push((error as NodeJS.ErrnoException).code as string))
    const asked = Array.from({ length: 20 }, () => one.request(Buffer.alloc(500_000), { timeoutMs: 0 }))
    await serve(channel => channel.serve(value => (value as Buffer).length))
    expect((await Promise.all(asked)).map(({ value }) => value)).toEqual(Array(20).fill(500_000))
    expect(new Set(downs)).toEqual(new Set(['ENOENT']))
    expect(one.queued).toBe(0)
  })

  it('[I7] is bounded in bytes, too, while the server is behind, and costs no connection', async () => {
    const behind: Channel[] = []
    await serve(channel => behind.push(channel), { inboxLimit: 1 })
    const one = client({ queueLimitBytes: 1_000_000, channel: { backlogLimitBytes: 2_000_000 } })
    const downs: unknown[] = []
    one.on('down', error => downs.push(error))
    await once(one, 'up')
    // Nobody takes them at the server: what the system and the channel have room for goes, the rest waits here.
    const outcomes = Array.from({ length: 100 }, (_, at) =>
      one.send(Buffer.alloc(100_000, at)).then(
        () => at,
        error => error.code as string,
      ),
    )
    expect(one.queued).toBeGreaterThan(800_000)
    expect(one.queued).toBeLessThanOrEqual(1_000_000)
    const heard: number[] = []
    behind[0]!.on('message', ({ value }) => heard.push((value as Buffer)[0]!))
    const settled = await Promise.all(outcomes)
    const sent = settled.filter(each => typeof each === 'number')
    expect(settled.filter(each => typeof each === 'string')).toEqual(
      Array(100 - sent.length).fill('ERR_X_NOT_SENT'),
    )
    await one.close()
    expect(heard).toEqual(sent)
    expect(downs).toEqual([])
  })
})

describe('deadlines', () => {
  it.each(['channel', 'client without a connection', 'client with a connection'])(
    '[I7] of a %s that is unreferenced keep no process alive',
    async which => {
      const program = new Program('unreferenced.mjs', { args: [which, at()] })
      expect(await program.line()).toBe('asked')
      // It would be killed by the limit of the test otherwise: the request may take for ever and a day.
      expect(await program.ended()).toBe(0)
    },
  )
})
