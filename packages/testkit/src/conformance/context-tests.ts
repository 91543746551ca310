// Law 12: in which AsyncLocalStorage store callbacks run.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Status, StreamHandle } from '@x/core/transport'
import { closed, outcome, settle } from './bed'
import { flood, pattern } from './bytes'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

export const contextTests: readonly ConformanceTest[] = [
  {
    name: 'law 12: callbacks of a stream see the store in which it was made and asked',
    async run(bed) {
      const context = new AsyncLocalStorage<string>()
      const seen: string[] = []
      const see = (what: string) => seen.push(`${what} ${context.getStore()}`)
      const { mine, theirs } = await context.run('mine', () => bed.pair())
      await context.run('mine', async () => {
        const reader = new Reader()
        reader.hook = see
        mine.readStart(reader)
        const size = flood(mine, pattern(65536)).size
        const wrote = outcome(done =>
          mine.write([pattern(10)], status => {
            see('write')
            done(status)
          }),
        )
        const shut = outcome(done =>
          mine.shutdown(status => {
            see('shutdown')
            done(status)
          }),
        )
        await context.run('theirs', async () => {
          const other = new Reader()
          theirs.readStart(other)
          theirs.write([Buffer.from('hello')], () => {})
          theirs.shutdown(() => {})
          await other.whenSize(size)
        })
        await Promise.all([reader.whenEnd(), wrote, shut])
        await new Promise<void>(resolve => {
          mine.close(() => {
            see('close')
            resolve()
          })
        })
      })
      // Nobody asked for the handle of an accepted stream in a call: its listener's store or, as with node:net, none.
      const stores = new Set(
        seen.map(each =>
          bed.role === 'accepts' ? each.replace(/^(data|end|close) undefined$/, '$1 mine') : each,
        ),
      )
      assert.deepEqual([...stores].sort(), [
        'close mine',
        'data mine',
        'end mine',
        'shutdown mine',
        'write mine',
      ])
    },
  },
  {
    name: 'law 12: connect, listen and accept see the store of their call, whoever is on the other side',
    once: true,
    async run(bed) {
      const context = new AsyncLocalStorage<string>()
      const seen: string[] = []
      const see = (what: string) => seen.push(`${what} ${context.getStore()}`)
      const accepted: StreamHandle[] = []
      const at = await context.run('server', async () => {
        const listener = bed.listener()
        assert.equal(listener.bind(bed.address()), 0)
        await outcome(done =>
          listener.listen(
            16,
            (_status, stream) => {
              see('accept')
              if (stream) accepted.push(bed.own(stream))
            },
            (status: Status) => {
              see('listen')
              done(status)
            },
          ),
        )
        const name = listener.sockname()
        assert.ok(typeof name === 'object')
        return name
      })
      const connect = (name: string) =>
        context.run(name, async () => {
          const stream = bed.stream()
          const status = await outcome(done =>
            stream.connect(at, told => {
              see(`connect of ${name}`)
              done(told)
            }),
          )
          assert.equal(status, 0)
          await settle()
          await closed(stream)
        })
      await Promise.all([connect('a'), connect('b')])
      await settle()
      const stores = new Set(seen)
      stores.delete('listen server')
      assert.deepEqual([...stores].sort(), ['accept server', 'connect of a a', 'connect of b b'])
      assert.equal(accepted.length, 2)
    },
  },
]
