// Every call of the engine that may fail, failed once: a scenario of all that the transport does is played again and again,
// and each time the next call of libuv, Node-API, malloc or the system fails (test/native/injection). Then: no operation
// is left without its answer, no descriptor is left open, and the memory checker that runs this finds nothing.
// node faults.cjs FIRST LAST STEP
const { closeSync, mkdtempSync, openSync, readdirSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { native } = require('./base.cjs')

const { descriptors } = native
const folder = mkdtempSync(path.join(tmpdir(), 'x-faults-'))
const turn = () => new Promise(resolve => setImmediate(resolve))
const openDescriptors = () => readdirSync('/proc/self/fd').length

/** Handles of the round that is played, and what they have not answered yet. */
let handles = []
let waiting = new Set()

process.on('uncaughtException', error => fail(error.stack))

function fail(text) {
  console.error(`call ${current} (${process.env.X_INJECTED}): ${text}`)
  process.exit(1)
}

function keep(handle) {
  if (typeof handle === 'object') handles.push(handle)
  return handle
}

/** Starts an operation; `then` with its status. A number below 0 is a refusal, 1 is done. */
function start(what, operation, then = () => {}) {
  const token = { what }
  waiting.add(token)
  const status = operation(value => {
    if (!waiting.delete(token)) fail(`${what} called back twice, or after a refusal`)
    then(value)
  })
  if (status === 0) return 0
  if (!waiting.delete(token)) fail(`${what} called back inside the call, or after a refusal`)
  if (status === 1) then(status)
  return status
}

const quiet = { onEnd() {}, onError() {} }

function listen(at, accept) {
  const listener = keep(native.listener('path' in at ? 'pipe' : 'tcp'))
  if (listener.bind(at, { mode: 0o600 }) < 0) return null
  const accepted = (status, stream) => {
    if (stream) accept(keep(stream))
    else if (status >= 0) fail('accepted nothing')
  }
  if (listener.listen(16, accepted, () => {}) < 0) return null
  return listener
}

/** A listener, a connection to it, and what both ends do. */
function connection(at, use) {
  let server = null
  let client = null
  const both = () => server && client && use(client, server)
  const listener = listen(at, stream => {
    server = stream
    both()
  })
  if (!listener) return
  const to = listener.sockname()
  if (typeof to === 'number') return
  const stream = keep(native.stream('path' in to ? 'pipe' : 'tcp'))
  stream.setOption({ name: 'noDelay', enable: true })
  const status = start(
    'connect',
    done => stream.connect(to, done),
    status => {
      if (status < 0) return
      client = stream
      both()
    },
  )
  if (status === 0 && !('path' in to))
    start('early write', done => stream.write([Buffer.from('early')], done))
}

function talk(client, server) {
  server.readStart({
    onData(chunk) {
      start('echo', done => server.write([chunk], done))
    },
    onEnd() {
      start('shutdown', done => server.shutdown(done))
    },
    onError() {},
  })
  const own = new Uint8Array(100)
  client.readStart({ onData: () => client.readStop(), ...quiet, into: () => own })
  start('write', done => client.write([Buffer.from('one'), Buffer.from('two')], done))
  start('large write', done => server.write([Buffer.alloc(8_000_000)], done))
  client.readStart({ onData() {}, ...quiet })
  start('shutdown', done => client.shutdown(done))
  client.setOption({ name: 'keepAlive', enable: true, delaySeconds: 9, intervalSeconds: 1, count: 3 })
  client.setOption({ name: 'typeOfService', value: 16 })
  client.getOption('typeOfService')
  client.peerCredentials()
  const pidfd = client.peerPidfd()
  if (pidfd >= 0) closeSync(pidfd)
  client.sockname()
  client.peername()
  client.unref()
  client.ref()
  const copy = descriptors.duplicate(client.fd)
  if (copy < 0) return
  descriptors.peerOf(copy)
  if (typeof keep(native.adopt(copy, 'stream')) === 'number') descriptors.close([copy])
}

/** Sockets that are made before what they are for: with options, adopted, bound, and connected. */
function prepared() {
  const adopted = as => {
    const fd = descriptors.openSocket('IPv4', false)
    if (fd < 0) return null
    const [level, name] = descriptors.optionNumbers()
    descriptors.setOption(fd, level, name, Buffer.from(Int32Array.of(40_000).buffer))
    descriptors.getOption(fd, level, name, Buffer.alloc(64))
    const handle = keep(native.adopt(fd, as))
    if (typeof handle !== 'number') return handle
    descriptors.close([fd])
    return null
  }
  const listener = adopted('listener')
  if (listener?.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 }) !== 0) return
  const heard = (_, stream) => void (stream && keep(stream))
  if (listener.listen(5, heard, () => {}) < 0) return
  const to = listener.sockname()
  const stream = adopted('stream')
  if (stream === null || typeof to === 'number') return
  stream.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 })
  start(
    'connect',
    done => stream.connect(to, done),
    () => {},
  )
}

function splice() {
  const spliced = (from, to) => {
    from.splice(to, { mayMove: () => true })
    from.readStart({ onData: chunk => start('write', done => to.write([chunk], done)), ...quiet })
  }

  const sides = []
  const one = (client, server) => {
    client.readStart({ onData() {}, ...quiet })
    start('write', done => client.write([Buffer.alloc(300_000)], done))
    sides.push(server)
    if (sides.length === 2) spliced(sides[0], sides[1])
  }
  connection({ family: 'IPv4', address: '127.0.0.1', port: 0 }, one)
  connection({ path: path.join(folder, 'splice') }, one)
}

function handoff() {
  const pair = descriptors.socketPair()
  if (typeof pair === 'number') return
  const ends = []
  for (const fd of pair) {
    const channel = descriptors.channel(fd)
    if (typeof channel === 'number') descriptors.close([fd])
    else ends.push(keep(channel))
  }
  for (const end of ends) {
    const onMessage = (_data, fds) => {
      for (const fd of fds) if (typeof keep(native.adopt(fd, 'stream')) === 'number') descriptors.close([fd])
    }
    end.receive({ onMessage, ...quiet })
  }
  const [here, there] = ends
  if (!there) return
  const given = descriptors.socketPair()
  if (typeof given !== 'number') {
    let sent = 0
    const settle = () => {
      sent += 1
      if (sent === 2) descriptors.close(given)
    }
    for (const size of [10, 500_000]) {
      const send = done => here.send(Buffer.alloc(size), given, done)
      if (start('send', send, settle) < 0) settle()
    }
  }
  there.pause()
  there.receiveNow()
}

function bare() {
  const listener = keep(native.listener('tcp'))
  if (listener.bind({ family: 'IPv6', address: '::1', port: 0 }) < 0) return
  const onFds = (_status, fds) => descriptors.close(fds)
  if (listener.listenDescriptors(16, onFds, () => {}) < 0) return
  const to = listener.sockname()
  if (typeof to === 'number') return
  const client = keep(native.stream('tcp'))
  client.bind({ family: 'IPv6', address: '::1', port: 0 })
  start('connect', done => client.connect(to, done))
  listener.pause()
  listener.resume()
  const fd = descriptors.duplicate(listener.fd)
  if (fd < 0) return
  const adopted = keep(native.adopt(fd, 'listener'))
  if (typeof adopted === 'number') return descriptors.close([fd])
  const given = adopted.release()
  if (given >= 0) descriptors.close([given])
}

function files() {
  descriptors.probe(path.join(folder, 'nothing'))
  const fd = openSync(path.join(folder, 'lock'), 'w')
  descriptors.lockFile(fd)
  descriptors.closeOnExec(fd)
  descriptors.sendDatagram(path.join(folder, 'nothing'), Buffer.from('x'), [fd])
  closeSync(fd)
}

async function play() {
  connection({ family: 'IPv4', address: '127.0.0.1', port: 0 }, talk)
  connection({ path: path.join(folder, 'talk') }, talk)
  connection({ path: `\0x-faults-${process.pid}` }, talk)
  prepared()
  splice()
  handoff()
  bare()
  files()
  for (let turns = 0; turns < 40; turns++) await turn()
}

/** Closes all of the round; answers what had no answer. */
async function settle(mayMiss) {
  let open = handles.length
  for (const handle of handles) handle.close(() => open--)
  for (let turns = 0; turns < 200 && open > 0; turns++) await turn()
  if (open > 0 && !mayMiss) fail(`${open} handles never told their end`)
  const left = [...waiting].map(token => token.what)
  handles = []
  waiting = new Set()
  return left
}

let current = 0

/** Without a fault first: it shows how many descriptors belong to the process. */
async function round(number) {
  current = number
  if (number > 0) process.env.X_INJECT = `${number} ${number}`
  delete process.env.X_INJECTED
  await play()
  delete process.env.X_INJECT
  const failed = process.env.X_INJECTED
  // A callback that Node-API itself does not make is no fault of the engine's.
  const mayMiss = failed === 'napi_make_callback'
  const left = await settle(mayMiss)
  if (left.length > 0 && !mayMiss) fail(`never answered: ${left.join(', ')} (${failed})`)
  return failed
}

async function main() {
  await round(0)
  const before = openDescriptors()
  const [first, last, step] = [process.argv[2] ?? 1, process.argv[3] ?? 1e9, process.argv[4] ?? 1].map(Number)
  const counts = {}
  for (let number = first; number <= last; number += step) {
    const failed = await round(number)
    if (failed === undefined) break
    counts[failed] = (counts[failed] ?? 0) + 1
    for (let turns = 0; turns < 50 && openDescriptors() > before; turns++) await turn()
    if (openDescriptors() > before)
      fail(`${openDescriptors() - before} descriptors are left over (${failed})`)
  }
  rmSync(folder, { recursive: true, force: true })
  console.log(JSON.stringify(counts))
}

main()
