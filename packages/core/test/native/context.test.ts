// AsyncLocalStorage: which store the callbacks of the native transport see, and that ticks and microtasks run between
// events.
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import type { Address, Status, StreamHandle } from '../../src/transport'
import { absent, after, closed, listening, native, pair, temporaryFolder } from './bed'

const storage = new AsyncLocalStorage<string>()
const local: Address = { family: 'IPv4', address: '127.0.0.1', port: 0 }

describe.skipIf(absent !== null)('native transport, context', () => {
  for (const kind of ['tcp', 'pipe'] as const) {
    it(`[N4] shows each callback the store of its operation or of its handle (${kind})`, async () => {
      const seen: Record<string, string | undefined> = {}
      const see = (what: string) => {
        seen[what] = storage.getStore()
      }
      const listener = native.listener(kind)
      after(() => closed(listener))
      listener.bind(kind === 'tcp' ? local : { path: `${temporaryFolder()}/s` })
      let acceptedEnd = () => {}
      const heardEnd = new Promise<void>(resolve => {
        acceptedEnd = resolve
      })
      const served = new Promise<StreamHandle>(resolve => {
        const accept = (_status: Status, stream: StreamHandle | null) => {
          see('accept')
          stream!.readStart({
            onData: () => see('accepted data'),
            onEnd() {
              see('accepted end')
              acceptedEnd()
            },
            onError() {},
          })
          resolve(stream!)
        }
        storage.run('listen', () => listener.listen(8, accept, () => {}))
      })
      const stream = native.stream(kind)
      await new Promise<void>(resolve =>
        storage.run('connect', () =>
          stream.connect(listener.sockname() as Address, () => {
            see('connected')
            process.nextTick(() => see('tick after connect'))
            resolve()
          }),
        ),
      )
      const server = await served
      after(() => closed(server))
      const large = Buffer.alloc(16 * 1024 * 1024)
      await new Promise<void>(resolve =>
        storage.run('write', () => {
          const status = stream.write([large], () => {
            see('written')
            resolve()
          })
          expect(status).toBe(0)
        }),
      )
      const ended = new Promise<void>(resolve =>
        stream.readStart({
          onData() {},
          onEnd() {
            see('data end')
            resolve()
          },
          onError() {},
        }),
      )
      await new Promise<void>(resolve =>
        storage.run('shutdown', () =>
          stream.shutdown(() => {
            see('shut down')
            resolve()
          }),
        ),
      )
      server.shutdown(() => {})
      await Promise.all([ended, heardEnd])
      await closed(stream)
      expect(seen).toEqual({
        accept: 'listen',
        'accepted data': undefined,
        'accepted end': undefined,
        connected: 'connect',
        'tick after connect': 'connect',
        written: 'write',
        'data end': 'connect',
        'shut down': 'shutdown',
      })
    })
  }

  it('[N4] keeps the stores of many connections apart', async () => {
    const { at, next } = listening()
    const names = Array.from({ length: 40 }, (_, index) => `client ${index}`)
    const streams: StreamHandle[] = []
    const answers = names.map(
      name =>
        new Promise<string | undefined>(resolve =>
          storage.run(name, () => {
            const stream = native.stream('tcp')
            streams.push(stream)
            after(() => closed(stream))
            stream.connect(at, () => {
              stream.readStart({ onData: () => resolve(storage.getStore()), onEnd() {}, onError() {} })
            })
          }),
        ),
    )
    for (const _ of names) {
      const server = await next()
      after(() => closed(server))
      server.write([Buffer.from('x')], () => {})
    }
    expect(await Promise.all(answers)).toEqual(names)
  })

  it('runs ticks and microtasks after each event, before the next', async () => {
    const order: string[] = []
    const [a, b] = await pair()
    const [c, d] = await pair()
    const both = new Promise<void>(resolve => {
      const sink = (name: string) => ({
        onData() {
          order.push(name)
          process.nextTick(() => order.push(`${name} tick`))
          queueMicrotask(() => order.push(`${name} microtask`))
          if (order.length > 1) setImmediate(resolve)
        },
        onEnd() {},
        onError() {},
      })
      a.readStart(sink('a'))
      c.readStart(sink('c'))
    })
    b.write([Buffer.from('x')], () => {})
    d.write([Buffer.from('x')], () => {})
    await both
    const [first, second] = order[0] === 'a' ? ['a', 'c'] : ['c', 'a']
    expect(order).toEqual([first, second].flatMap(name => [name, `${name} tick`, `${name} microtask`]))
  })
})
