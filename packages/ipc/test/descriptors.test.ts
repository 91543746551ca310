// Whose a descriptor is: while it is being sent, where nobody takes it, and where it is none.
import { once } from 'node:events'
import { fstatSync, openSync } from 'node:fs'
import path from 'node:path'
import type { Server } from '@x/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Channel,
  type ChannelOptions,
  connect,
  createChannel,
  createDescriptor,
  type Descriptor,
  listen,
} from '../src/index'
import { ability, temporaryFolder } from './wires'

const { transport, isAble, why } = ability('handoff', 'descriptors')

let folder = ''
let remove = () => {}
const servers: Server[] = []
const channels: Channel[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
})
afterEach(async () => {
  for (const channel of channels.splice(0)) channel.destroy()
  for (const server of servers.splice(0)) {
    server.close()
    await once(server, 'close')
  }
  remove()
})

const at = (name: string) => path.join(folder, name)

async function channelPair(options: ChannelOptions = {}): Promise<[Channel, Channel]> {
  const [a, b] = transport.descriptors!.socketPair() as [number, number]
  const pair: [Channel, Channel] = [createChannel(a, options), createChannel(b)]
  channels.push(...pair)
  return pair
}

const isOpen = (fd: number) => {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

describe.skipIf(!isAble)(`descriptors${why}`, () => {
  it('[I5] that a listener ignores count for their peer after its channel has ended', async () => {
    const ignored: Descriptor[] = []
    const receivers: Channel[] = []
    const server = await listen(at('limited'), {}, socket => {
      const channel = createChannel(socket, { handles: true, handleLimit: 3 })
      channel.on('message', ({ handles }) => ignored.push(...handles))
      receivers.push(channel)
      channels.push(channel)
    })
    servers.push(server)
    const dial = async () => {
      const channel = createChannel(await connect(at('limited')), { handles: true })
      channels.push(channel)
      return channel
    }
    const one = async () => [await createDescriptor(openSync('/dev/null', 'r'))]
    const first = await dial()
    for (let count = 0; count < 3; count++) await first.send('ignore', { handles: await one() })
    await first.close()
    const second = await dial()
    const error = await second.send('one more', { handles: await one() }).catch(failure => failure)
    expect(error).toMatchObject({ code: 'ERR_X_HANDLE_REFUSED' })
    expect(error.reason).toMatch(/3 wait to be taken, the limit is 3/)
    ignored.pop()!.close()
    await second.send('again', { handles: error.handles })
    for (const each of ignored) each.close()
  })

  it('[I5] can be neither taken nor closed nor sent elsewhere while they are sent', async () => {
    const [near, far] = await channelPair()
    const handle = await createDescriptor(openSync('/dev/null', 'r'))
    const sending = near.send('x', { handles: [handle] })
    expect(handle.isOurs).toBe(false)
    expect(() => handle.take()).toThrowError(expect.objectContaining({ code: 'ERR_X_DESCRIPTOR_GONE' }))
    expect(() => near.send('y', { handles: [handle] })).toThrowError(/is being sent/)
    handle.close()
    expect(isOpen(handle.fd)).toBe(true)
    far.on('handle', (_value, received) => received.close())
    await sending
    expect(handle.fd).toBe(-1)
  })

  it('[I5] that are none are told to their caller', async () => {
    const [near, far] = await channelPair()
    const wrong = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(() => near.send('x', { handles: [3] as never })).toThrowError(wrong)
    expect(() => near.send('x', { handles: 1 as never })).toThrowError(wrong)
    expect(() => near.request('x', { handles: [null] as never })).toThrowError(wrong)
    expect(() => near.send('x', { buffers: ['text'] as never })).toThrowError(wrong)
    expect(() => near.send('x', null as never)).toThrowError(wrong)
    far.serve((_value, { attach }) => attach({ handles: 1 as never }))
    await expect(near.request('x')).rejects.toMatchObject({ remote: { code: 'ERR_INVALID_ARG_TYPE' } })
    const handle = await createDescriptor(openSync('/dev/null', 'r'))
    expect(() => near.send('x', { handles: [handle, handle] })).toThrowError(/twice/)
    handle.close()
  })

  it.each([
    ['is too long for the requester', () => Buffer.alloc(10_000), 'ERR_X_FRAME_TOO_LONG'],
    ['finds no room there', () => 'short', 'ERR_X_HANDLE_REFUSED'],
    ['cannot be encoded', () => 1n, undefined],
  ])(
    '[I5] that go with a reply which %s are closed, and the request fails',
    async (_what, make, expected) => {
      const [asking, answering] = await channelPair({ frameLimitBytes: 4096, handleLimit: 1 })
      const fds: number[] = []
      answering.serve(async (_value, request) => {
        const handles = await Promise.all([1, 2].map(() => createDescriptor(openSync('/dev/null', 'r'))))
        fds.push(...handles.map(handle => handle.fd))
        request.attach({ handles })
        return make()
      })
      const error = await asking.request('asked', { timeoutMs: 0 }).catch(reason => reason)
      expect(error.code).toBe('ERR_X_REQUEST_FAILED')
      if (expected !== undefined) expect(error.remote.code).toBe(expected)
      expect(fds.map(isOpen)).toEqual([false, false])
      expect((await asking.request('again').catch(reason => reason)).code).toBe('ERR_X_REQUEST_FAILED')
    },
  )

  it('[I5] beside options that are none are told so', async () => {
    const [asking] = await channelPair()
    for (const options of [null, 1, []]) {
      const code = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })
      expect(() => asking.request('asked', options as never)).toThrow(code)
      expect(() => asking.send('sent', options as never)).toThrow(code)
    }
  })
})
