// The steps of the tour, in order: what each tells, does and sees. How it is said is the narrator's.
import { selectTransport } from '@x/core/transport'
import { workerOf } from '../client/clients'
import { count } from '../count'
import { isClean, type LoadReport } from '../load/load-report'
import { LoadRun } from '../load/load-run'
import { sentence } from '../sentence'
import { DemoChild, OUTPUT_LIMIT, WORKERS } from './demo-child'
import type { Narrator } from './narrator'
import { TourClient } from './tour-client'

export interface Step {
  readonly title: string
  readonly text: string
  /** Rejects where it does not go as it should. */
  run(scene: Scene): Promise<void>
}

/** What the steps work on. */
export interface Scene {
  readonly narrator: Narrator
  /** Whether the tour is to end. */
  readonly signal: AbortSignal
  /** Null before the first step, and after the last. */
  demo: DemoChild | null
}

/** What was seen is not what should be. */
class Disappointment extends Error {}

function expectThat(isSo: boolean, what: string): void {
  if (!isSo) throw new Disappointment(what)
}

const LOOK_MS = 50
/** Where connections cannot be passed to other processes, clients cannot be moved. */
const movesClients = selectTransport().transport.descriptors !== null

const start: Step = {
  title: 'A broker in several processes',
  text: `The demo is a publish/subscribe broker that speaks the Redis protocol.
It starts ${WORKERS} worker processes that accept on one TCP port
together; the cluster hands each client to one of them.`,
  async run(scene) {
    scene.narrator.working('Starting the demo ...')
    scene.demo = await DemoChild.start(scene.signal)
    const { workers, transport } = await scene.demo.status()
    expectThat(
      workers.every(({ state }) => state === 'ready'),
      'not all workers are ready',
    )
    const processes = workers.map(({ pid }) => pid).join(', ')
    scene.narrator.seen(
      `${workers.length} workers (processes ${processes}) serve 127.0.0.1:${scene.demo.port}, on the ${transport} transport.`,
    )
    if (!movesClients) {
      scene.narrator.hint(
        'This transport cannot pass connections to other processes: the steps that move clients are left out.',
      )
    }
    scene.narrator.hint(
      `Open ${scene.demo.pageUrl} beside this terminal: the live page draws all that follows.`,
    )
  },
}

const publish: Step = {
  title: 'Publish and subscribe',
  text: `A client subscribes to "news", another one publishes to it, perhaps in
another worker. The reply to PUBLISH is the number of subscribers that
got the message, in all workers together.`,
  async run({ narrator, demo }) {
    const subscriber = await TourClient.connect(demo!.port)
    const publisher = await TourClient.connect(demo!.port)
    await subscriber.ask('SUBSCRIBE', 'news')
    const sentMs = performance.now()
    const receivers = await publisher.ask('PUBLISH', 'news', 'hello')
    await subscriber.hasReceived(1)
    const ms = performance.now() - sentMs
    narrator.seen(
      `The subscriber has "${subscriber.lastMessage}" after ${ms.toFixed(1)} ms; PUBLISH was answered with ${receivers}.`,
    )
    await Promise.all([subscriber.close(), publisher.close()])
    expectThat(receivers === 1, 'PUBLISH should have been answered with 1')
    narrator.hint(`Any Redis client will do: redis-cli -p ${demo!.port} subscribe news`)
  },
}

const scale: Step = {
  title: 'One worker less, one more',
  text: `40 subscribers get 500 messages a second, and meanwhile a worker goes
and another one comes. The clients of the worker that goes are handed to
the others: each keeps its connection. Look at the count of lost
messages.`,
  async run(scene) {
    await underLoad(scene, async demo => {
      scene.narrator.seen(sentence(await demo.order({ order: 'scale', workers: WORKERS - 1 })))
      scene.narrator.seen(sentence(await demo.order({ order: 'scale', workers: WORKERS })))
    })
  },
}

const reload: Step = {
  title: 'A reload under load',
  text: `New workers start, the old ones hand over their clients and end, as when
a new version is deployed. The load goes on. Look at the processes,
which are others afterwards, and at the count of lost messages.`,
  async run(scene) {
    const before = (await scene.demo!.status()).workers.map(({ pid }) => pid)
    await underLoad(scene, async demo => {
      scene.narrator.seen(sentence(await demo.order({ order: 'reload' })))
      const after = (await demo.status()).workers
        .filter(({ state }) => state === 'ready')
        .map(({ pid }) => pid)
      scene.narrator.seen(`Processes ${before.join(', ')} have become ${after.join(', ')}.`)
      expectThat(!after.some(pid => before.includes(pid)), 'a worker was not replaced')
    })
  },
}

const kill: Step = {
  title: 'A worker is killed',
  text: `kill -9, as a crash would be. The clients of that worker lose their
connections and connect again; those of the others notice nothing, and
another worker takes its place.`,
  async run({ narrator, demo, signal }) {
    const subscribers = await Promise.all(Array.from({ length: 6 }, () => TourClient.connect(demo!.port)))
    const homes = await Promise.all(subscribers.map(homeOf))
    await Promise.all(subscribers.map(client => client.ask('SUBSCRIBE', 'tour')))
    const { workers } = await demo!.status()
    const victim = workers.find(({ id, pid }) => id === homes[0] && pid !== undefined)
    if (victim === undefined) throw new Disappointment(`worker ${homes[0]} is not there`)
    process.kill(victim.pid!, 'SIGKILL')
    const theirs = subscribers.filter((_, index) => homes[index] === victim.id)
    await Promise.all(theirs.map(({ closed }) => closed))
    const others = subscribers.filter(({ isClosed }) => !isClosed)
    narrator.seen(
      `Worker ${victim.id} is dead: ${count(theirs.length, 'client')} of 6 lost the connection, ${others.length} noticed nothing.`,
    )
    expectThat(others.length === 6 - theirs.length, 'a client of another worker lost its connection')
    await until(signal, async () => {
      const ready = (await demo!.status()).workers.filter(({ state }) => state === 'ready')
      return ready.length === WORKERS && !ready.some(({ id }) => id === victim.id)
    })
    const back = await Promise.all(theirs.map(() => subscribe(demo!.port)))
    const publisher = await TourClient.connect(demo!.port)
    const receivers = await publisher.ask('PUBLISH', 'tour', 'are you there?')
    narrator.seen(
      `Another worker serves in its place; the clients are back, and PUBLISH reaches ${receivers} of 6.`,
    )
    await Promise.all([...others, ...back, publisher].map(client => client.close()))
    expectThat(receivers === 6, 'PUBLISH should have reached 6')
  },
}

const slow: Step = {
  title: 'A subscriber that does not read',
  text: `What is sent to it waits, first in the system, then in the worker, and
would fill the memory. At a limit (--output-limit ${OUTPUT_LIMIT} here)
the broker drops it. Others, which read, get everything.`,
  async run({ narrator, demo, signal }) {
    const sleeper = await subscribe(demo!.port)
    const reader = await subscribe(demo!.port)
    const publisher = await TourClient.connect(demo!.port)
    sleeper.stopReading()
    const text = 'x'.repeat(16 * 1024)
    let published = 0
    narrator.working('Publishing until the sleeper is dropped ...')
    await until(signal, async () => {
      await Promise.all(Array.from({ length: 16 }, () => publisher.ask('PUBLISH', 'tour', text)))
      published += 16
      await reader.hasReceived(published)
      return (await demo!.status()).counts.slowSubscribersDropped > 0
    })
    narrator.seen(
      `Dropped after ${count(published, 'message')}, ${Math.round((published * text.length) / 1024 ** 2)} MB; the subscriber that reads got ${reader.received}.`,
    )
    await Promise.all([sleeper, reader, publisher].map(client => client.close()))
    expectThat(reader.received === published, 'the subscriber that reads should have got all')
  },
}

const drain: Step = {
  title: 'The end, in order',
  text: `A drain takes no more clients, sends those that are here what is theirs,
and ends. It is what a service manager asks for by SIGTERM, and what
Ctrl-C does.`,
  async run(scene) {
    const { narrator, demo } = scene
    const subscriber = await subscribe(demo!.port)
    const publisher = await TourClient.connect(demo!.port)
    await publisher.ask('PUBLISH', 'tour', 'the last message')
    await demo!.order({ order: 'drain' })
    await Promise.all([subscriber.closed, publisher.closed])
    const code = await demo!.ended
    narrator.seen(
      `The subscriber has got "${subscriber.lastMessage}", all connections are closed, and the demo ended with exit code ${code}.`,
    )
    await demo!.stop()
    scene.demo = null
    expectThat(code === 0, 'the exit code should have been 0')
  },
}

export const STEPS: readonly Step[] = [
  start,
  publish,
  ...(movesClients ? [scale, reload] : []),
  kill,
  slow,
  drain,
]

async function subscribe(port: number): Promise<TourClient> {
  const client = await TourClient.connect(port)
  await client.ask('SUBSCRIBE', 'tour')
  return client
}

async function homeOf(client: TourClient): Promise<number> {
  return workerOf(Number(await client.ask('CLIENT', 'ID')))
}

/** Does something while messages are published and counted; says what came of it. */
async function underLoad(scene: Scene, work: (demo: DemoChild) => Promise<void>): Promise<void> {
  const { narrator, demo, signal } = scene
  const to = { host: '127.0.0.1', port: demo!.port }
  const size = {
    publishers: 4,
    subscribers: 40,
    channels: 1,
    rate: 500,
    size: 64,
    messages: 0,
    isJson: false,
  }
  const run = new LoadRun({ to, ...size, seconds: 3600 })
  const stop = new AbortController()
  let report: LoadReport
  try {
    await run.open()
    narrator.working('The load begins ...')
    const over = run.run(AbortSignal.any([signal, stop.signal]))
    await until(signal, () => run.progress().published >= 500)
    await work(demo!)
    const seen = run.progress().published
    await until(signal, () => run.progress().published >= seen + 250)
    stop.abort()
    await over
    report = run.report()
  } finally {
    await run.close()
  }
  const { published, delivered, lost, doubled, outOfOrder, broken, latencyMs } = report
  narrator.seen(
    `${count(published, 'message')} published, ${count(delivered, 'delivery', 'deliveries')}: ${lost} lost, ${doubled} doubled, ${outOfOrder} out of order, ` +
      `${broken} connections broken. Latency: median ${latencyMs.p50.toFixed(1)} ms, 99th percentile ${latencyMs.p99.toFixed(1)} ms.`,
  )
  expectThat(isClean(report), 'no client should have noticed anything')
}

/** Resolves once it is so. Rejects where the tour is to end. */
async function until(signal: AbortSignal, isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    signal.throwIfAborted()
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
}
