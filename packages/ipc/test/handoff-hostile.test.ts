// Peers that send descriptors which nobody asked for, or other ones than they announce: nothing is leaked, and only their
// own channel ends.
import { once } from 'node:events'
import { closeSync, openSync, readdirSync } from 'node:fs'
import type { HandoffChannel } from '@x/core/transport'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Channel,
  type ChannelOptions,
  createChannel,
  createDescriptor,
  type Message,
} from '../src/index'
import { ability, frame, preamble } from './wires'

const { transport, isAble, why } = ability('handoff', 'descriptors')

const MESSAGE = 1
const REQUEST = 2
const ACK = 6
const REFUSAL = 7
const GOODBYE = 8
const EXTENDED = 0x80

let before = 0
let target: Channel
let peer: HandoffChannel
let heard: Buffer

/** The head of a payload with so many handles. */
function announce(count: number, ack = 1, kinds = 'fd'): Buffer {
  const handles = Array.from({ length: count }, () => ({ kind: kinds, unread: 0 }))
  const text = Buffer.from(JSON.stringify({ value: 0, buffers: [], handles, ack }))
  const head = Buffer.alloc(4)
  head.writeUInt32LE(text.length)
  return Buffer.concat([head, text])
}

function start(options: ChannelOptions = {}): void {
  const [near, far] = transport.descriptors!.socketPair() as [number, number]
  target = createChannel(near, options)
  peer = transport.descriptors!.channel(far) as HandoffChannel
  heard = Buffer.alloc(0)
  peer.receive({
    onMessage(data, fds) {
      heard = Buffer.concat([heard, data])
      for (const fd of fds) closeSync(fd)
    },
    onEnd() {},
    onError() {},
  })
}

/** Sends bytes with descriptors of our own, which are closed here at once. */
async function send(data: Buffer, count = 0): Promise<void> {
  const fds = Array.from({ length: count }, () => openSync('/dev/null', 'r'))
  await new Promise<void>(resolve => {
    if (peer.send(data, fds, () => resolve()) !== 0) resolve()
  })
  for (const fd of fds) closeSync(fd)
}

async function endOf(): Promise<NodeJS.ErrnoException | null> {
  const [error] = (await once(target, 'close')) as [NodeJS.ErrnoException | null]
  return error
}

async function refusal(): Promise<string> {
  for (;;) {
    for (let at = 12; at + 12 <= heard.length; at += 12 + heard.readUInt32LE(at)) {
      if (heard[at + 4] === REFUSAL) return heard.toString('utf8', at + 12, at + 12 + heard.readUInt32LE(at))
    }
    await new Promise(resolve => setImmediate(resolve))
  }
}

describe.skipIf(!isAble)(`descriptors that were not asked for${why}`, () => {
  beforeEach(() => {
    before = readdirSync('/proc/self/fd').length
    start()
  })
  afterEach(async () => {
    await new Promise<void>(resolve => peer.close(resolve))
    if (target.isOpen) {
      target.destroy()
      await once(target, 'close')
    }
    expect(readdirSync('/proc/self/fd')).toHaveLength(before)
  })

  it('[I5] beside a frame that announces none are closed, and the channel ends', async () => {
    const closed = endOf()
    await send(Buffer.concat([preamble(), frame(MESSAGE, 0, '')]), 5)
    expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
  })

  it('[I5] beside the first bytes of the stream are closed, and the channel ends', async () => {
    const closed = endOf()
    await send(preamble(), 3)
    expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
  })

  it('[I5] beside each byte of a frame that does not end are closed, and the channel ends', async () => {
    const closed = endOf()
    await send(Buffer.concat([preamble(), frame(MESSAGE, 2, Buffer.alloc(1000)).subarray(0, 20)]))
    for (let turn = 0; turn < 20; turn++) await send(Buffer.from('x'), 50)
    expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
  })

  it.each([
    ['more', 1, 4],
    ['fewer', 3, 2],
    ['none', 3, 0],
  ])(
    '[I5] that are %s than was announced are closed, and the channel ends',
    async (_what, announced, sent) => {
      const closed = endOf()
      await send(
        Buffer.concat([preamble(), frame(MESSAGE, EXTENDED, announce(announced), 0, announced)]),
        sent,
      )
      expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
    },
  )

  it('[I5] in the right number are taken', async () => {
    await send(preamble())
    const messages = target[Symbol.asyncIterator]()
    await send(frame(MESSAGE, EXTENDED, announce(2), 0, 2), 2)
    const { value } = (await messages.next()) as { value: Message }
    expect(value.handles.map(handle => handle.kind)).toEqual(['fd', 'fd'])
    for (const handle of value.handles) handle.close()
  })

  it('[I5] come after it has begun to close are refused and closed', async () => {
    await send(preamble())
    target.serve(() => new Promise(() => {}))
    await send(frame(REQUEST, 0, '', 1))
    await once(target, 'open')
    const closed = target.close()
    await send(frame(REQUEST, EXTENDED, announce(3), 2, 3), 3)
    expect(await refusal()).toBe('the channel is being closed')
    await send(frame(GOODBYE, 0, ''))
    await closed
  })

  it.each([
    ['of an unknown kind', frame(MESSAGE, EXTENDED, announce(1, 1, 'printer'), 0, 1)],
    ['described in another number', frame(MESSAGE, EXTENDED, announce(2), 0, 1)],
    ['without a description', frame(MESSAGE, 0, '', 0, 1)],
  ])('[I5] %s are closed, and the channel ends', async (_what, bytes) => {
    const closed = endOf()
    await send(Buffer.concat([preamble(), bytes]), 1)
    expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
  })

  it('[I5] beside a request whose id is in use are closed, and the channel ends', async () => {
    const closed = endOf()
    target.serve(() => new Promise(() => {}))
    await send(Buffer.concat([preamble(), frame(REQUEST, 0, '', 1)]))
    await send(frame(REQUEST, EXTENDED, announce(4), 1, 4), 4)
    expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
  })

  it('[I5] wait for a reader up to the limit, and are closed when the channel ends', async () => {
    target.destroy()
    await once(target, 'close')
    await new Promise<void>(resolve => peer.close(resolve))
    start({ handleLimit: 10 })
    await send(preamble())
    for (let turn = 1; turn <= 11; turn++) await send(frame(MESSAGE, EXTENDED, announce(1, turn), 0, 1), 1)
    expect(await refusal()).toMatch(/10 wait to be taken/)
    target.destroy()
    await once(target, 'close')
  })

  it.each([
    ['once are no breach', 1, null],
    ['twice are one', 2, 'ERR_X_CHANNEL_PROTOCOL'],
  ])('[I6] acknowledged after our goodbye %s', async (_name, times, code) => {
    const handle = await createDescriptor(openSync('/dev/null', 'r'))
    const sent = target.send('yours', { handles: [handle] })
    await send(preamble())
    const closed = endOf()
    void target.close({ timeoutMs: 1 })
    await expect(sent).rejects.toMatchObject({ code: 'ERR_X_HANDLE_LOST', handles: [handle] })
    handle.close()
    const acks = Array.from({ length: times }, () => frame(ACK, 0, '', 1))
    await send(Buffer.concat([...acks, frame(GOODBYE, 0, '')]))
    await new Promise<void>(resolve => peer.close(resolve))
    expect((await closed)?.code ?? null).toBe(code)
  })
})
