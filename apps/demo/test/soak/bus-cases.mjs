// The counted cases of brokers on one bus: a real NATS server and brokers that are killed at random moments while all publish. What is
// lost must be what the brokers say; nothing comes twice or out of order.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { startDemo } from './demo.mjs'

const SUBSCRIBERS = 5
/** Messages of one publisher that wait for their replies. */
const WINDOW = 50
/** Between two windows of a publisher. */
const PAUSE_MS = 5

const wait = ms => new Promise(resolve => setTimeout(resolve, ms))

/** A NATS server that can be killed and started again on its port. */
async function startNats() {
  let child
  let port = -1
  const start = async () => {
    child = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    for await (const text of child.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      log += text
      if (/Server is ready/.test(log)) break
    }
    port = Number(/client connections on 127\.0\.0\.1:(\d+)/.exec(log)[1])
    child.stderr.resume()
  }
  await start()
  return {
    url: `nats://127.0.0.1:${port}`,
    start,
    signal: signal => child.kill(signal),
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Publishes numbers to a channel until it is stopped; `published` is how many replies have come. */
function startPublisher(port, channel) {
  const publisher = { published: 0, isOver: false, isBroken: false, stop }
  const socket = connect(port, '127.0.0.1')
  let unanswered = 0
  let number = 0
  let finished
  const done = new Promise(resolve => {
    finished = resolve
  })
  const publish = () => {
    unanswered = WINDOW
    let requests = ''
    for (let index = 0; index < WINDOW; index++) requests += `PUBLISH ${channel} ${number++}\r\n`
    socket.write(requests)
  }
  let rest = ''
  socket.setEncoding('latin1').on('data', text => {
    const lines = (rest + text).split('\r\n')
    rest = lines.pop()
    unanswered -= lines.length
    publisher.published += lines.length
    if (unanswered > 0) return
    if (publisher.isOver) finished()
    else setTimeout(publish, PAUSE_MS)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    publisher.isBroken = !publisher.isOver
    finished()
  })
  publish()
  return publisher

  async function stop() {
    publisher.isOver = true
    await done
    socket.destroy()
  }
}

/** A subscriber of these channels: how many of each came, and what was wrong with them. */
async function startSubscriber(port, channels) {
  const subscriber = {
    received: new Map(channels.map(channel => [channel, 0])),
    last: new Map(),
    doubled: 0,
    isBroken: false,
    stop,
  }
  const socket = connect(port, '127.0.0.1')
  let unread = ''
  socket.write(`SUBSCRIBE ${channels.join(' ')}\r\n`)
  socket.setEncoding('latin1').on('error', () => {})
  let isOver = false
  socket.on('close', () => {
    subscriber.isBroken = !isOver
  })
  await once(socket, 'data')
  socket.on('data', text => {
    unread += text
    let end = 0
    for (const match of unread.matchAll(/\$\d+\r\n(from-\d+)\r\n\$\d+\r\n(\d+)\r\n/g)) {
      const [all, channel, digits] = match
      const number = Number(digits)
      // In order and once: each is beyond the one before.
      if (number <= (subscriber.last.get(channel) ?? -1)) subscriber.doubled++
      else subscriber.received.set(channel, subscriber.received.get(channel) + 1)
      subscriber.last.set(channel, Math.max(number, subscriber.last.get(channel) ?? -1))
      end = match.index + all.length
    }
    unread = unread.slice(end)
  })
  return subscriber

  function stop() {
    isOver = true
    socket.destroy()
  }
}

/** Starts brokers on one server, each with a publisher and subscribers of all. */
async function startBrokers(count, nats, options = []) {
  const brokers = await Promise.all(
    Array.from({ length: count }, () => startDemo(2, '--bus', nats.url, ...options)),
  )
  const statusOf = async broker => JSON.parse(await broker.order('status', '--json'))
  /** Resolves once all know each other. */
  const areTogether = async among => {
    while (
      !(await Promise.all(among.map(statusOf))).every(({ bus }) => bus.brokers.length >= among.length - 1)
    )
      await wait(50)
  }
  await areTogether(brokers)
  return { brokers, statusOf, areTogether }
}

/** Waits until each subscriber has the last message of each channel. */
async function haveCaughtUp(subscribers, publishers) {
  for (const subscriber of subscribers) {
    for (const [channel, publisher] of publishers) {
      while (!subscriber.isBroken && subscriber.last.get(channel) !== publisher.published - 1) await wait(20)
    }
  }
}

async function server(rounds, tell) {
  const nats = await startNats()
  const { brokers, statusOf, areTogether } = await startBrokers(2, nats)
  const channels = brokers.map((_, index) => `from-${index}`)
  const groups = await Promise.all(
    brokers.map(({ port }) =>
      Promise.all(Array.from({ length: SUBSCRIBERS }, () => startSubscriber(port, channels))),
    ),
  )
  const publishers = new Map(
    brokers.map(({ port }, index) => [channels[index], startPublisher(port, channels[index])]),
  )
  const counts = { kills: 0, stops: 0, published: 0, missed: 0, told: 0, wrong: 0, doubled: 0, broken: 0 }
  for (let round = 0; round < rounds; round++) {
    await wait(Math.random() * 1000)
    if (round % 3 === 2) {
      nats.signal('SIGSTOP')
      await wait(Math.random() * 1000)
      nats.signal('SIGCONT')
      counts.stops++
    } else {
      await nats.kill()
      await wait(Math.random() * 1000)
      await nats.start()
      counts.kills++
    }
    await areTogether(brokers)
    tell(round + 1)
  }
  // Their last windows are published with the bus in order, so that what is missing shows.
  await wait(500)
  await Promise.all([...publishers.values()].map(publisher => publisher.stop()))
  await haveCaughtUp(groups.flat(), publishers)
  for (const [index, group] of groups.entries()) {
    const { bus } = await statusOf(brokers[index])
    const told = bus.missed + bus.notDelivered
    counts.told += told
    for (const subscriber of group) {
      counts.doubled += subscriber.doubled
      if (subscriber.isBroken) counts.broken++
      let missing = 0
      for (const [channel, { published }] of publishers)
        missing += published - subscriber.received.get(channel)
      counts.missed += missing
      if (missing !== told) counts.wrong++
      if (subscriber.received.get(channels[index]) !== publishers.get(channels[index]).published)
        counts.wrong++
      subscriber.stop()
    }
  }
  for (const { published } of publishers.values()) counts.published += published
  await Promise.all(brokers.map(broker => broker.stop()))
  await nats.kill()
  return counts
}

async function broker(rounds, tell) {
  const nats = await startNats()
  const { brokers, areTogether } = await startBrokers(2, nats)
  const channels = brokers.map((_, index) => `from-${index}`)
  const subscribers = await Promise.all(
    brokers.flatMap(({ port }) => Array.from({ length: SUBSCRIBERS }, () => startSubscriber(port, channels))),
  )
  const publishers = new Map(
    brokers.map(({ port }, index) => [channels[index], startPublisher(port, channels[index])]),
  )
  const counts = { kills: 0, published: 0, missed: 0, doubled: 0, broken: 0, notWhole: 0 }
  for (let round = 0; round < rounds; round++) {
    const third = await startDemo(1, '--bus', nats.url)
    await areTogether([...brokers, third])
    const guest = await startSubscriber(third.port, channels)
    const host = startPublisher(third.port, 'from-9')
    await wait(Math.random() * 1000)
    // Its workers end with it.
    third.child.kill('SIGKILL')
    await once(third.child, 'exit')
    await host.stop()
    counts.kills++
    counts.doubled += guest.doubled
    if ([...guest.received.values()].some(count => count === 0)) counts.notWhole++
    third.clear()
    tell(round + 1)
  }
  await Promise.all([...publishers.values()].map(publisher => publisher.stop()))
  await haveCaughtUp(subscribers, publishers)
  for (const subscriber of subscribers) {
    counts.doubled += subscriber.doubled
    if (subscriber.isBroken) counts.broken++
    for (const [channel, { published }] of publishers)
      counts.missed += published - subscriber.received.get(channel)
    subscriber.stop()
  }
  for (const { published } of publishers.values()) counts.published += published
  await Promise.all(brokers.map(each => each.stop()))
  await nats.kill()
  return counts
}

const none =
  (...names) =>
  counts =>
    names.filter(name => counts[name] !== 0).map(name => `${counts[name]} ${name}`)

export const busCases = [
  {
    name: 'bus-server',
    title: `a NATS server is killed, or stopped, at random moments: ${SUBSCRIBERS} subscribers of each of 2 brokers miss what it says`,
    program: 'nats-server',
    rounds: 30,
    run: server,
    check: none('wrong', 'doubled', 'broken'),
  },
  {
    name: 'bus-broker',
    title: 'a third broker is killed at random moments: the others miss nothing of each other',
    program: 'nats-server',
    rounds: 30,
    run: broker,
    check: none('missed', 'doubled', 'broken', 'notWhole'),
  },
]
