// Listeners that throw or are removed, and arguments that throw: what it costs whom.
import { once } from 'node:events'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Channel, createChannel, createClient, listen } from '../src/index'
import { channelPair } from './channels'
import { temporaryFolder } from './wires'

let folder = ''
let remove = () => {}
let others: NodeJS.UncaughtExceptionListener[] = []
let uncaught: string[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
  uncaught = []
  others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', error => uncaught.push(error.message))
})
afterEach(() => {
  process.removeAllListeners('uncaughtException')
  for (const listener of others) process.on('uncaughtException', listener)
  remove()
})

/** Makes each event of a channel throw. */
function spoil(channel: Channel): void {
  for (const name of ['open', 'message', 'closing', 'close', 'shortage'] as const) {
    channel.on(name, () => {
      throw new Error(`in ${name}`)
    })
  }
}

describe('listeners that throw in each event', () => {
  it('[I6] keep close() of a channel from nothing', async () => {
    const [a, b] = await channelPair()
    spoil(a)
    b.serve(value => value)
    void b.send('a message')
    expect((await a.request('asked')).value).toBe('asked')
    await a.close()
    await new Promise(setImmediate)
    expect(a.ending).toBe('goodbye')
    expect(new Set(uncaught)).toEqual(new Set(['in open', 'in message', 'in closing', 'in close']))
  })

  it.each<[string, (channel: Channel) => void]>([
    ['throw', spoil],
    ['are removed', channel => void channel.removeAllListeners()],
  ])('[I7] keep no client from coming back, nor do those that %s in its hook', async (_what, onConnect) => {
    const at = path.join(folder, 's')
    const channels: Channel[] = []
    const server = await listen(at, {}, socket => {
      channels.push(createChannel(socket).serve(value => value))
    })
    const client = createClient(at, { onConnect, firstDelayMs: 1, mostDelayMs: 5 })
    const ends = [(last: Channel) => last.destroy(), (last: Channel) => void last.close()]
    for (const end of ends) {
      expect((await client.request('asked')).value).toBe('asked')
      const isDown = once(client, 'down')
      end(channels.at(-1)!)
      await isDown
    }
    expect((await client.request('asked')).value).toBe('asked')
    expect(channels).toHaveLength(3)
    server.close()
    await Promise.all([client.close(), once(server, 'close')])
    await new Promise(setImmediate)
  })
})

describe('a value that cannot be sent', () => {
  it('[I6] is told by an exception alone: no promise is rejected beside it', async () => {
    const [a] = await channelPair()
    const rejected: unknown[] = []
    const onRejection = (reason: unknown) => rejected.push(reason)
    process.on('unhandledRejection', onRejection)
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    await once(a, 'open')
    for (const value of [() => {}, Symbol('none'), 1n, circular]) {
      expect(() => a.send(value)).toThrow()
      expect(() => a.request(value)).toThrow()
      expect(() => a.request('asked', { buffers: [1 as never] })).toThrow()
    }
    await new Promise(setImmediate)
    process.off('unhandledRejection', onRejection)
    expect(rejected).toEqual([])
  })
})
