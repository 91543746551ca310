// Laws 1 to 4 of the contract, on connected pairs: when callbacks come. Laws 9 to 12 need descriptors, processes or a context of their own.
import assert from 'node:assert/strict'
import type { ReadSink, Status } from '@x/core/transport'
import { UV_ECANCELED } from '@x/core/transport'
import { closed, outcome, settle } from './bed'
import { flood, pattern } from './bytes'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

const silent: ReadSink = { onData() {}, onEnd() {}, onError() {} }

export const lawTests: readonly ConformanceTest[] = [
  {
    name: 'law 1: connect, listen and accept call nobody back inside the call',
    once: true,
    async run(bed) {
      let inside = ''
      const calledInside: string[] = []
      const heard = (what: string) => inside !== '' && calledInside.push(`${what} inside ${inside}`)
      const listener = bed.listener()
      inside = 'bind'
      assert.equal(listener.bind(bed.address()), 0)
      const listening = outcome(done => {
        inside = 'listen'
        const answer = listener.listen(
          16,
          (_status, stream) => {
            heard('accept')
            if (stream) bed.own(stream)
          },
          status => {
            heard('listen done')
            done(status)
          },
        )
        inside = ''
        return answer
      })
      assert.ok((await listening) >= 0)
      const at = listener.sockname()
      assert.ok(typeof at === 'object')
      const stream = bed.stream()
      const connecting = outcome(done => {
        inside = 'connect'
        const answer = stream.connect(at, status => {
          heard('connect done')
          done(status)
        })
        inside = ''
        return answer
      })
      assert.equal(await connecting, 0)
      assert.deepEqual(calledInside, [])
    },
  },
  {
    name: 'law 1: readStart delivers nothing inside the call, though bytes and the end wait',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      theirs.write([pattern(1000)], () => {})
      await outcome(done => theirs.shutdown(done))
      await settle()
      const reader = new Reader()
      assert.equal(mine.readStart(reader), 0)
      assert.equal(reader.calls, 0)
      await reader.whenEnd()
      assert.equal(reader.size, 1000)
    },
  },
  {
    name: 'law 1: write, shutdown and close call nobody back inside the call',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const { told } = flood(mine, pattern(65536))
      assert.equal(told.length, 0)
      let shut = 0
      assert.equal(
        mine.shutdown(() => shut++),
        0,
      )
      assert.equal(shut, 0)
      const reader = new Reader()
      theirs.readStart(reader)
      await reader.whenEnd()
      await settle()
      assert.deepEqual([told.length, shut], [1, 1])
      let closes = 0
      mine.close(() => closes++)
      assert.equal(closes, 0)
      await closed(mine)
      assert.equal(closes, 1)
    },
  },
  {
    name: 'law 2: a call that answered below 0 never calls back',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const peername = theirs.sockname()
      assert.ok(typeof peername === 'object')
      const called: string[] = []
      const refuse = (what: string, answer: Status) => assert.ok(answer < 0, `${what} answered ${answer}`)
      assert.equal(await outcome(done => mine.shutdown(done)), 0)
      refuse(
        'write after shutdown',
        mine.write([pattern(10)], () => called.push('write')),
      )
      refuse(
        'a second shutdown',
        mine.shutdown(() => called.push('shutdown')),
      )
      await closed(mine)
      refuse(
        'write after close',
        mine.write([pattern(10)], () => called.push('write')),
      )
      refuse(
        'shutdown after close',
        mine.shutdown(() => called.push('shutdown')),
      )
      refuse(
        'connect after close',
        mine.connect(peername, () => called.push('connect')),
      )
      refuse(
        'reset after close',
        mine.reset(() => called.push('reset')),
      )
      const reader = new Reader()
      refuse('readStart after close', mine.readStart(reader))
      refuse('readStop after close', mine.readStop())
      const fresh = bed.stream()
      refuse(
        'write before connect',
        fresh.write([pattern(10)], () => called.push('write')),
      )
      refuse(
        'shutdown before connect',
        fresh.shutdown(() => called.push('shutdown')),
      )
      refuse('readStart before connect', fresh.readStart(reader))
      await settle()
      assert.deepEqual(called, [])
      assert.equal(reader.calls, 0)
    },
  },
  {
    name: 'law 2: a refused listen never calls back',
    once: true,
    async run(bed) {
      const called: string[] = []
      const { listener } = await bed.listen(bed.subject, () => {})
      const answer = listener.listen(
        1,
        () => called.push('accept'),
        () => called.push('done'),
      )
      assert.ok(answer < 0, `a second listen answered ${answer}`)
      await closed(listener)
      const late = listener.listen(
        1,
        () => called.push('accept'),
        () => called.push('done'),
      )
      assert.ok(late < 0, `listen after close answered ${late}`)
      assert.ok(listener.bind(bed.address()) < 0)
      await settle()
      assert.deepEqual(called, [])
    },
  },
  {
    name: 'law 3: close cancels what is pending first, then calls done, once, in a later turn',
    async run(bed) {
      const { mine } = await bed.pair()
      mine.readStart(silent)
      flood(mine, pattern(65536))
      const events: string[] = []
      const tell = (what: string) => (status: Status) => {
        events.push(`${what} ${status === UV_ECANCELED ? 'canceled' : status}`)
      }
      assert.equal(mine.write([pattern(10)], tell('write')), 0)
      assert.equal(mine.write([pattern(10)], tell('write')), 0)
      assert.equal(mine.shutdown(tell('shutdown')), 0)
      mine.close(() => events.push('done'))
      mine.close(() => events.push('second done'))
      assert.deepEqual(events, [])
      let inSameTurn = -1
      process.nextTick(() =>
        queueMicrotask(() => {
          inSameTurn = events.length
        }),
      )
      await closed(mine)
      await settle()
      assert.equal(inSameTurn, 0)
      assert.deepEqual(events, [
        'write canceled',
        'write canceled',
        'shutdown canceled',
        'done',
        'second done',
      ])
      await closed(mine)
    },
  },
  {
    name: 'law 3: close cancels a connect under way',
    once: true,
    async run(bed) {
      const { at } = await bed.listen(bed.peer, (_status, stream) => stream && bed.own(stream))
      const stream = bed.stream()
      const events: string[] = []
      assert.equal(
        stream.connect(at, status => events.push(status === UV_ECANCELED ? 'canceled' : `${status}`)),
        0,
      )
      stream.close(() => events.push('done'))
      await closed(stream)
      await settle()
      assert.deepEqual(events, ['canceled', 'done'])
    },
  },
  {
    name: 'law 3: a listener closes at any time: new, bound, opening, listening, closed',
    once: true,
    async run(bed) {
      const dones: string[] = []
      const fresh = bed.listener()
      fresh.close(() => dones.push('fresh'))
      const bound = bed.listener()
      bound.bind(bed.address())
      bound.close(() => dones.push('bound'))
      const opening = bed.listener()
      opening.bind(bed.address())
      const told: Status[] = []
      const answer = opening.listen(
        1,
        () => {},
        status => told.push(status),
      )
      opening.close(() => dones.push('opening'))
      const { listener } = await bed.listen(bed.subject, () => {})
      listener.close(() => dones.push('listening'))
      listener.close(() => dones.push('again'))
      assert.ok(!dones.includes('listening'))
      for (const each of [fresh, bound, opening, listener]) await closed(each)
      await settle()
      assert.deepEqual(dones.sort(), ['again', 'bound', 'fresh', 'listening', 'opening'])
      assert.deepEqual(told, answer === 0 ? [UV_ECANCELED] : [])
    },
  },
  {
    name: 'law 4: nothing calls back after the done of close, though the peer goes on',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      mine.readStart(reader)
      theirs.write([pattern(1000)], () => {})
      await reader.whenSize(1000)
      theirs.readStart(silent)
      flood(theirs, pattern(65536))
      await closed(mine)
      const before = reader.calls
      theirs.write([pattern(1000)], () => {})
      await outcome(done => theirs.reset(() => done(0)))
      await settle()
      assert.equal(reader.calls, before)
    },
  },
  {
    name: 'law 4: a stream closed inside onData reads no more',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      reader.hook = () => mine.close()
      theirs.write([pattern(300_000)], () => {})
      await settle()
      mine.readStart(reader)
      await reader.whenSize(1)
      await closed(mine)
      await settle()
      assert.equal(reader.calls, 1)
    },
  },
]
