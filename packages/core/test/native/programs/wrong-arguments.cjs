// Every function of the addon, called with every wrong sort of argument in every place, with handles of each type that are
// open, closing and closed: answered with a status or an exception of the argument's own, and nothing is left behind.
const { readdirSync } = require('node:fs')
const { load, events } = require('./base-addon.cjs')

const openDescriptors = () => readdirSync('/proc/self/fd').length
const turn = () => new Promise(resolve => setImmediate(resolve))

/** How many arguments each function takes; what is not here is found by the check below. */
const ARITY = {
  live: 0, close: 2, setRef: 2, fd: 1, name: 2, stream: 1, streamFrom: 2, kindOf: 1, openContext: 2, bindStream: 4, connect: 4,
  shutdown: 1, reset: 2, readStart: 1, readStop: 1, readInto: 2, tryWrite: 3, tryWritev: 2, queueWrite: 4, writeQueueSize: 1, hasPeerLeft: 1,
  noDelay: 2, keepAlive: 5, typeOfService: 2, credentials: 1, peerPidfd: 1, listener: 2, listenerKind: 1, takeListener: 2,
  bindListener: 4, bindPath: 4, keepPath: 1, listen: 3, setPaused: 2, channel: 2, trySend: 3, queueSend: 5, receive: 2,
  receiveInto: 2, socketPair: 0, peerOf: 1, duplicate: 1, lockFile: 1, probe: 1, takeDescriptors: 1, closeDescriptors: 1,
  closeOnExec: 1, sendDatagram: 3, unclaimed: 0, optionNumbers: 0, setOption: 4, getOption: 4, openSocket: 2, splice: 2, spliced: 2, sendFile: 4, watcher: 1, watch: 3, unwatch: 2, peek: 2,
} // biome-ignore format: a table

class Hostile extends Uint8Array {
  get length() {
    throw new RangeError('hostile')
  }
}

function closingGetter(close) {
  const list = [Buffer.from('first'), null]
  Object.defineProperty(list, 1, {
    get() {
      close()
      return Buffer.from('second')
    },
  })
  return list
}

function detachingGetter() {
  const bytes = new Uint8Array(100)
  const list = [bytes, null]
  Object.defineProperty(list, 1, {
    get() {
      structuredClone(bytes, { transfer: [bytes.buffer] })
      return new Uint8Array(1)
    },
  })
  return list
}

const wrong = () => [
  undefined, null, true, false, 0, -0, -1, 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, -Number.MAX_VALUE, 2 ** 31, 2 ** 32,
  2 ** 32 + 3, 2 ** 53, 2 ** 53 + 2, -(2 ** 40), 255, 254, '', '3', 'x'.repeat(1e6), '\0', '127.0.0.1', 10n, Symbol('x'), {}, [],
  [null], [[]], ['text'], new Array(5000).fill(Buffer.alloc(0)), new Array(5), () => {}, new Date(), Buffer.alloc(0), Buffer.alloc(10),
  new Uint8Array(0), new Uint16Array(4), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), new SharedArrayBuffer(8),
  new Uint8Array(new SharedArrayBuffer(8)), new Hostile(4), new Proxy({}, {}), new Proxy([], {}), Object.create(null),
  detachingGetter(),
  Object.defineProperty([0], 0, { get: () => { throw new Error('getter') } }),
] // biome-ignore format: a table

let calls = 0
let refused = 0
let thrown = 0

function attempt(addon, name, args) {
  calls += 1
  try {
    const answer = addon[name](...args)
    if (typeof answer === 'number' && answer < 0) refused += 1
    if (answer === undefined) throw new Error(`${name} answered nothing`)
    // A handle that was made of an odd argument all the same.
    if (['stream', 'listener', 'channel', 'streamFrom', 'watcher'].includes(name) && answer > 0)
      addon.close(answer, false)
    if (name === 'socketPair' && answer === 0) addon.closeDescriptors(2)
    if (['duplicate', 'peerPidfd', 'openSocket'].includes(name) && answer > 2)
      require('node:fs').closeSync(answer)
  } catch (error) {
    if (!['hostile', 'getter'].includes(error.message)) throw error
    thrown += 1
  }
}

/** One handle of each type, open, closing in this turn, and long closed. */
async function handles(addon) {
  const memory = addon.memory
  const slots = new Int32Array(memory.buffer, memory.byteOffset + memory.length - 1024, 256)
  const made = []
  for (let age = 0; age < 3; age++) {
    if (addon.socketPair() !== 0) throw new Error('socketPair')
    const [a, b] = slots
    const stream = addon.streamFrom(a, -1)
    const channel = addon.channel(b, {})
    const listener = addon.listener(0, {})
    addon.bindListener(listener, '127.0.0.1', 0, 0)
    const ids = [
      stream,
      channel,
      listener,
      addon.watcher({}),
      addon.stream(0),
      addon.stream(1),
      addon.listener(1, {}),
    ]
    made.push(...ids)
    if (age === 0) for (const id of ids) addon.close(id, true)
    if (age === 0) await turn()
    if (age === 1) for (const id of ids) addon.close(id, false)
  }
  return made
}

/** What stands in the other places, so that a call gets as far as the wrong one. */
// biome-ignore format: a table
const GOOD = {
  close: [true], setRef: [true], name: [false], stream: [0], streamFrom: [-1, -1], reset: [true],
  bindStream: ['127.0.0.1', 0, 0], connect: [{}, '127.0.0.1', 1], readInto: [null], tryWrite: [Buffer.alloc(1), false],
  tryWritev: [[Buffer.alloc(1)]], queueWrite: [{}, [Buffer.alloc(1)], 0], noDelay: [true], keepAlive: [true, 1, 1, 1],
  typeOfService: [-1], listener: [0, {}], listenerKind: [-1], takeListener: [-1], bindListener: ['127.0.0.1', 0, 0],
  bindPath: ['\0x-wrong', -1, '\0x-wrong'], listen: [1, false], setPaused: [true], channel: [-1, {}], trySend: [Buffer.alloc(1), 0],
  queueSend: [{}, Buffer.alloc(1), 0, 0], receive: [true], receiveInto: [Buffer.alloc(1)], peerOf: [-1], duplicate: [-1],
  lockFile: [-1], probe: ['\0x-wrong'], closeOnExec: [-1], sendDatagram: ['\0x-wrong', Buffer.alloc(1), 0], takeDescriptors: [0], closeDescriptors: [0], splice: [0], spliced: [true], sendFile: [-1, 0, 10],
  setOption: [-1, 1, 7, Buffer.alloc(4)], getOption: [-1, 1, 7, Buffer.alloc(4)], openSocket: [false, false],
  watcher: [{}], watch: [-1, 1], unwatch: [-1], peek: [-1, Buffer.alloc(1)],
}
/** Their first argument is no handle. */
const BARE = [
  'stream',
  'streamFrom',
  'listener',
  'listenerKind',
  'channel',
  'peerOf',
  'duplicate',
  'lockFile',
  'probe',
  'closeOnExec',
  'sendDatagram',
  'takeDescriptors',
  'closeDescriptors',
  'setOption',
  'getOption',
  'openSocket',
]

function goodArguments(name, id) {
  const good = GOOD[name] ?? []
  return BARE.includes(name) ? [...good] : [id, ...good].slice(0, ARITY[name])
}

/** What the addon's gate does, where a test looks into it. */
let atGate = () => -1

/** Every function of the addon, called while it asks whether it may move bytes: each is refused. */
async function insideGate(addon) {
  if (addon.socketPair() !== 0) throw new Error('socketPair')
  const slots = new Int32Array(addon.memory.buffer, addon.memory.byteOffset + addon.memory.length - 1024, 256)
  const ids = [slots[0], slots[1]].map(fd => addon.streamFrom(fd, 1))
  let asked = 0
  let failure = ''
  atGate = () => {
    asked += 1
    for (const name of Object.keys(ARITY)) {
      const answer = addon[name](...goodArguments(name, ids[1]))
      if (answer !== -16) failure = `${name} answered ${answer} inside the gate`
    }
    return -1
  }
  if (addon.splice(ids[0], ids[1]) !== 0 || addon.readStart(ids[0]) !== 0) throw new Error('splice')
  if (addon.tryWrite(ids[1], Buffer.from('x'), false) !== 1) throw new Error('tryWrite')
  while (asked === 0) await turn()
  if (failure !== '') throw new Error(failure)
  for (const id of ids) addon.close(id, true)
  await turn()
}

async function main() {
  const unready = load()
  for (const name of Object.keys(ARITY)) {
    const answer = unready[name](1, {}, {}, 1, 1)
    if (!(answer < 0)) throw new Error(`${name} answered ${answer} before setup`)
  }
  for (const list of [undefined, null, 3, [], [1], events().slice(1), {}]) {
    const answer = unready.setup(list)
    if (!(answer < 0)) throw new Error(`setup took ${list}`)
  }
  const addon = load()
  addon.memory = addon.setup(events({ mayMove: () => atGate() }))
  if (addon.setup(events()) >= 0) throw new Error('a second setup')
  const missing = Object.keys(addon).filter(
    name => typeof addon[name] === 'function' && !(name in ARITY) && name !== 'setup',
  )
  if (missing.length > 0) throw new Error(`not tried: ${missing}`)
  // libuv opens one descriptor of its own with a loop's first stream.
  addon.close(addon.stream(0), false)
  await turn()
  const before = openDescriptors()
  for (const [name, arity] of Object.entries(ARITY)) {
    if (!addon[name]) continue
    const ids = await handles(addon)
    for (const id of [...ids, 0, -1, 2 ** 52, Number.NaN]) {
      for (let place = 0; place <= arity; place++) {
        for (const value of wrong()) {
          // The lists' own numbers are never open descriptors.
          if (/Descriptors/.test(name) && typeof value === 'number') continue
          const args = goodArguments(name, id)
          if (place > 0 || id === ids[0]) args[place] = value
          // Not the descriptors of the process itself.
          if (
            typeof args[0] === 'number' &&
            args[0] >= 0 &&
            args[0] < 100 &&
            /streamFrom|channel|takeListener/.test(name)
          )
            args[0] = -1
          if (name === 'takeListener' && place === 1)
            args[1] = Object.is(value, -0) || value === 0 || value === 1 ? -1 : value
          attempt(addon, name, args)
        }
      }
      if (name === 'tryWritev') attempt(addon, name, [id, closingGetter(() => addon.close(id, true))])
      if (name === 'queueWrite') attempt(addon, name, [id, {}, closingGetter(() => addon.close(id, true)), 0])
    }
    for (const id of ids) addon.close(id, true)
    await turn()
  }
  await insideGate(addon)
  for (let turns = 0; turns < 100 && addon.live() > 0; turns++) await turn()
  const left = openDescriptors() - before
  console.log(JSON.stringify({ live: addon.live(), left, calls, refused, thrown }))
}

main()
