// Descriptors over a Unix-domain stream: sent, received, counted; what arrives unwanted is closed.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  errno,
  type HandoffChannel,
  type Status,
  UV_EBADF,
  UV_ECANCELED,
  UV_EINVAL,
} from '../../src/transport'
import {
  absent,
  after,
  closed,
  descriptorCount,
  descriptors,
  listening,
  native,
  opened,
  pair,
  reading,
  written,
} from './bed'

function channels(): [HandoffChannel, HandoffChannel] {
  const [a, b] = opened(descriptors.socketPair())
  const both: [HandoffChannel, HandoffChannel] = [
    opened(descriptors.channel(a)),
    opened(descriptors.channel(b)),
  ]
  for (const channel of both) after(() => closed(channel))
  return both
}

interface Message {
  readonly data: Buffer
  readonly fds: readonly number[]
}

/** Messages until `size` bytes have come. */
function received(channel: HandoffChannel, size: number): Promise<Message[]> {
  const messages: Message[] = []
  let total = 0
  return new Promise((resolve, reject) => {
    channel.receive({
      onMessage(data, fds) {
        messages.push({ data, fds })
        total += data.length
        if (total >= size) resolve(messages)
      },
      onEnd: () => reject(new Error('ended')),
      onError: status => reject(new Error(`receive: ${status}`)),
    })
  })
}

function sent(channel: HandoffChannel, data: Uint8Array, fds: readonly number[]): Promise<Status> {
  return new Promise(resolve => {
    const status = channel.send(data, fds, resolve)
    if (status !== 0) resolve(status)
  })
}

describe.skipIf(absent !== null)('handoff channel', () => {
  it('[I5] carries a descriptor that means the same file at the other end, close-on-exec', async () => {
    const [here, there] = channels()
    const [a, b] = opened(descriptors.socketPair())
    after(() => descriptors.close([a, b]))
    const arrival = received(there, 5)
    expect(await sent(here, Buffer.from('hello'), [a])).toBe(1)
    const [message] = await arrival
    expect(message!.data.toString()).toBe('hello')
    expect(message!.fds).toHaveLength(1)
    const copy = message!.fds[0]!
    after(() => closeSync(copy))
    expect(copy).not.toBe(a)
    expect(fstatSync(copy).ino).toBe(fstatSync(a).ino)
    writeSync(copy, 'through the copy')
    const text = Buffer.alloc(64)
    expect(text.toString('utf8', 0, readSync(b, text))).toBe('through the copy')
  })

  it('[I5] carries 253 descriptors in one message and refuses 254', async () => {
    const [here, there] = channels()
    const fd = openSync('/dev/null', 'r')
    after(() => closeSync(fd))
    const before = descriptorCount()
    const arrival = received(there, 1)
    expect(await sent(here, Buffer.from('x'), new Array(253).fill(fd))).toBe(1)
    const [message] = await arrival
    expect(new Set(message!.fds).size).toBe(253)
    descriptors.close(message!.fds)
    expect(descriptorCount()).toBe(before)
    const refuse = () => expect.unreachable('a refused send must not call back')
    expect(here.send(Buffer.from('x'), new Array(254).fill(fd), refuse)).toBe(UV_EINVAL)
    expect(here.send(Buffer.alloc(0), [fd], refuse)).toBe(UV_EINVAL)
  })

  it('sends what the socket does not take at once later, in order, each with its own descriptors once', async () => {
    const [here, there] = channels()
    const fd = openSync('/dev/null', 'r')
    after(() => closeSync(fd))
    const count = 64
    const size = 48 * 1024
    const outcomes = Array.from({ length: count }, (_, index) =>
      sent(here, Buffer.alloc(size, index), [fd, fd]),
    )
    const messages = await received(there, count * size)
    const statuses = await Promise.all(outcomes)
    expect(statuses).toContain(0)
    expect(statuses.every(status => status >= 0)).toBe(true)
    const fds = messages.flatMap(message => message.fds)
    descriptors.close(fds)
    expect(fds).toHaveLength(2 * count)
    const all = Buffer.concat(messages.map(message => message.data))
    for (let index = 0; index < count; index++) {
      expect(all.subarray(index * size, (index + 1) * size).every(byte => byte === index)).toBe(true)
    }
  })

  it('takes nothing while paused, and closes what nobody received', async () => {
    const before = descriptorCount()
    const [here, there] = channels()
    const fd = openSync('/dev/null', 'r')
    const messages: Message[] = []
    const first = new Promise<void>(resolve => {
      there.receive({
        onMessage(data, fds) {
          messages.push({ data, fds })
          there.pause()
          resolve()
        },
        onEnd: () => {},
        onError: () => {},
      })
    })
    for (let index = 0; index < 3; index++) await sent(here, Buffer.from([index]), [fd])
    await first
    await new Promise(setImmediate)
    expect(messages).toHaveLength(1)
    descriptors.close(messages[0]!.fds)
    closeSync(fd)
    await Promise.all([closed(here), closed(there)])
    expect(descriptorCount()).toBe(before)
  })

  it('gives at once, paused or not, what has come by now: bytes, descriptors and the end, each once', async () => {
    const before = descriptorCount()
    const [here, there] = channels()
    const fd = openSync('/dev/null', 'r')
    after(() => closeSync(fd))
    let text = ''
    let count = 0
    const ends: (string | number)[] = []
    there.receiveNow()
    there.receive({
      onMessage(data, fds) {
        text += data
        count += fds.length
        descriptors.close(fds)
      },
      onEnd: () => ends.push('end'),
      onError: status => ends.push(status),
    })
    there.pause()
    there.receiveNow()
    expect(await sent(here, Buffer.from('first'), [fd, fd])).toBe(1)
    expect(await sent(here, Buffer.from('second'), [])).toBe(1)
    expect(await sent(here, Buffer.from('third'), [fd])).toBe(1)
    expect(text).toBe('')
    there.receiveNow()
    expect(text).toBe('firstsecondthird')
    expect(count).toBe(3)
    await closed(here)
    there.receiveNow()
    there.receiveNow()
    expect(ends).toEqual(['end'])
    await closed(there)
    there.receiveNow()
    expect(ends).toHaveLength(1)
    expect(descriptorCount()).toBe(before + 1)
  })

  it('gives the end once, whoever finds it first', async () => {
    const [here, there] = channels()
    const ends: string[] = []
    there.receive({
      onMessage: () => ends.push('message'),
      onEnd: () => ends.push('end'),
      onError: () => ends.push('error'),
    })
    await closed(here)
    there.receiveNow()
    // The loop looks for what there is to read between two turns.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    expect(ends).toEqual(['end'])
  })

  it('closes more descriptors than one call takes', () => {
    const before = descriptorCount()
    const fds = Array.from({ length: 600 }, () => openSync('/dev/null', 'r'))
    descriptors.close(fds)
    expect(descriptorCount()).toBe(before)
  })

  it('cancels queued messages before its close is told, both in a later turn', async () => {
    const [here] = channels()
    const events: unknown[] = []
    while (here.send(Buffer.alloc(64 * 1024), [], status => events.push(status)) === 1);
    here.send(Buffer.from('more'), [], status => events.push(status))
    const over = new Promise<void>(resolve =>
      here.close(() => {
        events.push('closed')
        resolve()
      }),
    )
    expect(events).toEqual([])
    await over
    expect(events).toEqual([UV_ECANCELED, UV_ECANCELED, 'closed'])
    expect(here.send(Buffer.from('x'), [], () => {})).toBe(UV_EBADF)
    expect(here.fd).toBe(-1)
  })

  it('takes over no descriptor that a handle of this thread has, and closes none', async () => {
    const [client, server] = await pair()
    const { listener } = listening()
    const [channel] = channels()
    for (const { fd } of [client, server, listener, channel]) {
      expect(native.adopt(fd, 'stream', 'tcp')).toBe(errno('EEXIST'))
      expect(native.adopt(fd, 'stream')).toBeLessThan(0)
      descriptors.close([fd])
      descriptors.take([fd])
    }
    expect(native.adopt(client.fd, 'stream')).toBe(errno('EEXIST'))
    expect(native.adopt(listener.fd, 'listener')).toBe(errno('EEXIST'))
    expect(descriptors.channel(channel.fd)).toBe(errno('EEXIST'))
    const echo = reading(server).atLeast(4)
    await written(client, Buffer.from('ping'))
    expect((await echo).toString()).toBe('ping')
  })

  it("tells the peer's end, and its reset as a failed send", async () => {
    const [here, there] = channels()
    const end = new Promise<string>(resolve => {
      here.receive({
        onMessage: () => resolve('message'),
        onEnd: () => resolve('end'),
        onError: status => resolve(`error ${status}`),
      })
    })
    await closed(there)
    expect(await end).toBe('end')
    expect(await sent(here, Buffer.from('x'), [])).toBe(errno('EPIPE'))
  })

  it('refuses what is not a Unix-domain stream', async () => {
    const file = openSync('/dev/null', 'r')
    after(() => closeSync(file))
    const [client] = await pair()
    expect(descriptors.channel(file)).toBe(errno('ENOTSOCK'))
    expect(descriptors.channel(client.fd)).toBe(UV_EINVAL)
    expect(descriptors.channel(-1)).toBe(UV_EBADF)
  })

  it('[I5] hands over a connection with its peer, served by whoever adopts it', async () => {
    const [here, there] = channels()
    const [client, server] = await pair()
    const arrival = received(there, 1)
    await sent(here, Buffer.from('c'), [server.fd])
    await closed(server)
    const [message] = await arrival
    expect(descriptors.peerOf(message!.fds[0]!)).toEqual(client.sockname())
    const adopted = opened(native.adopt(message!.fds[0]!, 'stream'))
    after(() => closed(adopted))
    expect(adopted.kind).toBe('tcp')
    const echo = reading(client).atLeast(4)
    await reading(adopted, { onData: chunk => adopted.write([chunk], () => {}) })
    await written(client, Buffer.from('ping'))
    expect((await echo).toString()).toBe('ping')
  })

  it('accepts bare descriptors, all of one wake-up together', async () => {
    const listener = native.listener('tcp')
    after(() => closed(listener))
    listener.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 })
    const taken: number[] = []
    const wanted = 20
    const all = new Promise<void>(resolve => {
      const accept = (_status: Status, fds: readonly number[]) => {
        taken.push(...fds)
        if (taken.length === wanted) resolve()
      }
      expect(listener.listenDescriptors!(511, accept, () => {})).toBe(1)
    })
    const at = listener.sockname()
    if (typeof at === 'number') throw new Error('no address')
    const clients = Array.from({ length: wanted }, () => native.stream('tcp'))
    for (const client of clients) {
      after(() => closed(client))
      expect(client.connect(at, () => {})).toBe(0)
    }
    await all
    expect(taken.map(fd => descriptors.peerOf(fd)).every(peer => typeof peer === 'object')).toBe(true)
    descriptors.close(taken)
  })

  it('adopts a listener that came over a channel', async () => {
    const [here, there] = channels()
    const { listener, at } = listening()
    const arrival = received(there, 1)
    await sent(here, Buffer.from('l'), [listener.fd])
    const [message] = await arrival
    const adopted = opened(native.adopt(message!.fds[0]!, 'listener'))
    after(() => closed(adopted))
    await closed(listener)
    expect(adopted.sockname()).toEqual(at)
    const accepted = new Promise<number>(resolve => {
      adopted.listen(
        16,
        (status, stream) => {
          stream?.close()
          resolve(status)
        },
        () => {},
      )
    })
    const client = native.stream('tcp')
    after(() => closed(client))
    client.connect(at, () => {})
    expect(await accepted).toBe(0)
  })
})
