// Random operations over many handles, with faults, from a seed: node fuzz.cjs SEED ROUNDS. The laws are checked as it
// goes (fuzz-rules.cjs), and at the end that nothing is left over. The kernel's timing is not seeded, so a run repeats
// its operations, not its every event.
const { closeSync, mkdtempSync, readdirSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { native } = require('./base.cjs')
const { hoard, injectFault, nonsense } = require('./fuzz-faults.cjs')
const rules = require('./fuzz-rules.cjs')
const { add, call, close, entered, fail, maybeThrow, pick, random, start } = rules
const { counts, graveyard, items, pending, seed } = rules

const rounds = Number(process.argv[3] ?? 300)
const folder = mkdtempSync(path.join(tmpdir(), 'x-fuzz-'))

const addresses = [
  () => ({ family: 'IPv4', address: '127.0.0.1', port: 0 }),
  () => ({ family: 'IPv6', address: '::1', port: 0 }),
  () => ({ path: path.join(folder, String(random(1e9))) }),
  () => ({ path: `\0x-fuzz-${process.pid}-${random(1e9)}` }),
]

function listen() {
  const at = pick(addresses)()
  const item = add('listener', native.listener('path' in at ? 'pipe' : 'tcp'))
  if (call(() => item.handle.bind(at)) < 0) return close(item)
  const bare = random(4) === 0
  const never = () => fail('listen called back')
  const status = call(() =>
    bare
      ? item.handle.listenDescriptors(8, (status, fds) => onDescriptors(item, status, fds), never)
      : item.handle.listen(8, (status, stream) => onAccept(item, status, stream), never),
  )
  if (status < 0) close(item)
}

function onAccept(item, status, stream) {
  if (stream) accepted(stream)
  entered(item)
  if (status < 0 && stream) fail('a stream and an error')
  maybeThrow()
}

function onDescriptors(item, _status, fds) {
  for (const fd of fds) adopt(fd)
  entered(item)
  maybeThrow()
}

function adopt(fd) {
  const stream = call(() => native.adopt(fd, 'stream'))
  if (typeof stream === 'number') call(() => native.descriptors.close([fd]))
  else accepted(stream)
}

function accepted(stream) {
  counts.accepted += 1
  const item = add('stream', stream)
  if (random(4) > 0) read(item)
}

function connect() {
  const target = pick(items.listener)
  if (!target) return
  const to = call(() => target.handle.sockname())
  if (typeof to === 'number') return
  const item = add('stream', native.stream('path' in to ? 'pipe' : 'tcp'))
  if (random(8) === 0 && 'port' in to) call(() => item.handle.bind({ ...to, port: 0 }))
  const status = start(
    item,
    status => {
      if (status < 0) return close(item)
      counts.connected += 1
      if (random(4) > 0) read(item)
      if (random(2)) write(item)
    },
    done => item.handle.connect(to, done),
  )
  if (status < 0) close(item)
  else if (random(16) === 0) write(item)
}

function read(item = pick(items.stream)) {
  if (!item) return
  const sink = {
    onData(chunk) {
      entered(item)
      if (item.ended || item.closing) fail('data after the end')
      if (chunk.length === 0) fail('an empty chunk')
      counts.read += chunk.length
      if (random(8) === 0) call(() => item.handle.readStop())
      if (random(64) === 0) close(item)
      maybeThrow()
    },
    onEnd() {
      entered(item)
      if (item.ended) fail('a second end')
      item.ended = true
      if (random(2)) close(item)
      maybeThrow()
    },
    onError() {
      entered(item)
      item.ended = true
      close(item)
      maybeThrow()
    },
  }
  if (random(8) === 0) {
    const own = new Uint8Array(1 + random(10_000))
    sink.into = () => own
    // Its memory is given away under the reader's hands.
    if (random(4) === 0) setImmediate(() => structuredClone(own, { transfer: [own.buffer] }))
  }
  call(() => item.handle.readStart(sink))
}

const bytes = Buffer.alloc(1 << 20, 'x')

function write(item = pick(items.stream)) {
  if (!item) return
  const size = pick([0, 1, 100, 5000, 100_000, 1_000_000])
  const chunks = Array.from({ length: pick([0, 1, 1, 2, 40]) }, () => bytes.subarray(0, size))
  start(
    item,
    () => (counts.written += 1),
    done => item.handle.write(chunks, done),
  )
  check(item)
}

function check(item) {
  const { bytesRead, bytesWritten, writeQueueSize, fd } = call(() => item.handle)
  for (const count of [bytesRead, bytesWritten, writeQueueSize])
    if (!(count >= 0)) fail(`a count is ${count}`)
  if (item.closing && fd !== -1) fail('a closed stream has a descriptor')
}

function options(item = pick(items.stream)) {
  if (!item) return
  call(() => {
    item.handle.setOption({ name: 'noDelay', enable: random(2) === 1 })
    item.handle.setOption({
      name: 'keepAlive',
      enable: true,
      delaySeconds: 9,
      intervalSeconds: 8,
      count: random(9),
    })
    item.handle.setOption({ name: 'typeOfService', value: random(256) })
    item.handle.getOption('typeOfService')
    const [level, name] = native.descriptors.optionNumbers()
    native.descriptors.setOption(item.handle.fd, level, name, Buffer.alloc(random(9), random(256)))
    native.descriptors.getOption(item.handle.fd, level, random(40), Buffer.alloc(random(300)))
    item.handle.peerCredentials()
    item.handle.sockname()
    item.handle.peername()
    if (random(2)) item.handle.unref()
    else item.handle.ref()
  })
}

function splice(a = pick(items.stream), b = pick(items.stream)) {
  if (!a || !b || a === b) return
  const gate = {
    mayMove() {
      counts.spliced += 1
      if (random(20) === 0) throw purpose
      return [true, true, false, null][random(4)]
    },
  }
  call(() => a.handle.splice(b.handle, gate))
}

/** Several ways to end a stream in one turn, in any order. */
function endings(item = pick(items.stream)) {
  if (!item) return
  for (let index = random(4); index >= 0; index--) {
    pick([
      () => start(item, undefined, done => item.handle.shutdown(done)),
      () => write(item),
      () => close(item, 'reset'),
      () => close(item),
      () => splice(item),
      () => call(() => item.handle.readStop()),
      () => setImmediate(() => item.closing || close(item)),
      () => process.nextTick(() => item.closing || close(item, 'reset')),
    ])()
    if (item.closing) return
  }
}

/** Gives the descriptor away and takes it over again. */
function release(item = pick(items.stream)) {
  if (!item) return
  const fd = call(() => item.handle.release())
  if (fd < 0) return
  // Its end is told as that of any close, and nobody asked for it.
  item.closing = true
  items.stream.splice(items.stream.indexOf(item), 1)
  graveyard.push(item)
  adopt(fd)
}

/** A descriptor of ours to look at, adopted twice or under a handle that lives: refused. */
function steal(item = pick(items.stream)) {
  if (!item || item.handle.fd < 0) return
  const answers = call(() => [
    native.adopt(item.handle.fd, 'stream'),
    native.descriptors.channel(item.handle.fd),
  ])
  if (!answers.every(answer => answer < 0)) fail('took over the descriptor of a handle that lives')
}

function openChannel() {
  const fds = call(() => native.descriptors.socketPair())
  if (typeof fds === 'number') return
  for (const fd of fds) {
    const handle = call(() => native.descriptors.channel(fd))
    if (typeof handle === 'number') {
      closeSync(fd)
      continue
    }
    const item = add('channel', handle)
    call(() =>
      handle.receive({
        onMessage(data, fds, truncated) {
          counts.messages += 1
          if (data.length === 0) fail('an empty message')
          if (truncated && fds.length > 0) fail('some descriptors of a message whose descriptors were cut')
          for (const fd of fds) adopt(fd)
          entered(item)
          if (random(8) === 0) call(() => handle.pause())
          maybeThrow()
        },
        onEnd: () => close(item),
        onError: () => close(item),
        onShortage(status) {
          entered(item)
          if (!(status < 0)) fail(`a shortage of ${status}`)
          if (random(8) === 0) close(item)
          maybeThrow()
        },
      }),
    )
  }
}

function send() {
  const item = pick(items.channel)
  if (!item) return
  const streams = items.stream.filter(stream => stream.handle.fd >= 0)
  const fds = streams.slice(0, random(5)).map(stream => stream.handle.fd)
  const data = bytes.subarray(0, pick([1, 10, 70_000, 300_000]))
  start(item, undefined, done => item.handle.send(data, fds, done))
}

/** In a turn of its own: what the receiver throws, it throws at the caller. */
function receiveNow() {
  const item = pick(items.channel)
  if (item) setImmediate(() => item.handle.receiveNow())
}

/** Calls on handles that are closing or closed: each is answered with a status, and nothing calls back. */
function disturbDead() {
  const item = pick(graveyard)
  if (!item) return
  const never = () => fail(`a dead ${item.what} called back`)
  const handle = item.handle
  call(() => {
    const answers = [handle.fd]
    if (item.what === 'stream') {
      answers.push(
        handle.write([bytes], never),
        handle.shutdown(never),
        handle.readStop(),
        handle.reset(never),
      )
      answers.push(handle.readStart({ onData: never, onEnd: never, onError: never }), handle.sockname())
      answers.push(
        handle.connect({ family: 'IPv4', address: '127.0.0.1', port: 1 }, never),
        handle.getOption(),
      )
    } else if (item.what === 'channel') {
      answers.push(handle.send(bytes, [], never))
      handle.receiveNow()
    } else {
      answers.push(
        handle.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 }),
        handle.listen(1, never, never),
      )
    }
    if (!answers.every(answer => answer < 0)) fail(`a dead ${item.what} answered ${answers}`)
    handle.close()
  })
}

function pauseListener() {
  const item = pick(items.listener)
  if (item) call(() => (random(2) ? item.handle.pause() : item.handle.resume()))
}

const operations = [
  [2, listen],
  [8, connect],
  [8, () => read()],
  [8, () => write()],
  [3, () => options()],
  [2, splice],
  [1, openChannel],
  [4, send],
  [2, receiveNow],
  [3, endings],
  [1, release],
  [1, steal],
  [3, disturbDead],
  [1, nonsense],
  [1, pauseListener],
  [
    3,
    () => {
      const item = pick(items.stream)
      if (item) start(item, undefined, done => item.handle.shutdown(done))
    },
  ],
  [
    3,
    () => {
      const item = pick(items.stream)
      if (item) close(item, 'reset')
    },
  ],
  [
    3,
    () => {
      const item = pick(items.stream)
      if (item) close(item)
    },
  ],
  [
    1,
    () => {
      const item = pick(items.listener)
      if (item && items.listener.length > 2) close(item)
    },
  ],
  [
    1,
    () => {
      const item = pick(items.channel)
      if (item) close(item)
    },
  ],
].flatMap(([weight, operation]) => new Array(weight).fill(operation))

function operate() {
  counts.operations += 1
  pick(operations)()
}

const turn = () => new Promise(resolve => setImmediate(resolve))
const descriptors = () => readdirSync('/proc/self/fd').length

/** A splice that moves bytes: those of the rounds may all come to nothing. What may fail does where faults are injected. */
async function spliceOnce() {
  const pairs = [native.descriptors.socketPair(), native.descriptors.socketPair()]
  if (pairs.some(pair => typeof pair === 'number')) return
  const [far, from, to] = pairs.flat().map(fd => add('stream', native.adopt(fd, 'stream')))
  splice(from, to)
  call(() => from.handle.readStart({ onData() {}, onEnd() {}, onError() {} }))
  call(() => far.handle.write([Buffer.from('x')], () => {}))
  for (let index = 0; index < 1000 && counts.spliced === 0; index++) await turn()
}

async function main() {
  // libuv opens one descriptor of its own with a loop's first stream.
  native.stream('tcp').close()
  await turn()
  const before = descriptors()
  await spliceOnce()
  for (let round = 0; round < rounds; round++) {
    for (let index = random(6); index >= 0; index--) operate()
    if (process.env.X_FUZZ_INJECT && random(3) === 0) injectFault(counts.operations)
    if (process.env.X_FUZZ_HOARD && random(40) === 0) hoard(operate)
    if (graveyard.length > 200) graveyard.splice(0, 100)
    for (const what of ['stream', 'listener', 'channel']) {
      while (items[what].length > 60) close(pick(items[what]))
    }
    await turn()
  }
  delete process.env.X_INJECT
  while (Object.values(items).some(list => list.length > 0)) {
    for (const list of Object.values(items)) for (const item of [...list]) close(item)
    for (let index = 0; index < 5; index++) await turn()
  }
  for (let index = 0; index < 2000 && pending() > 0; index++) await turn()
  if (pending() > 0) fail(`${pending()} callbacks never came`)
  for (let index = 0; index < 50 && descriptors() > before; index++) await turn()
  if (descriptors() > before) fail(`${descriptors() - before} descriptors are left over`)
  rmSync(folder, { recursive: true, force: true })
  console.log(JSON.stringify({ seed, ...counts }))
}

main()
