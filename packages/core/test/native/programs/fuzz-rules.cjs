// The rules of the fuzz program: randomness from a seed, and the laws of the transport contract, checked at each call
// and callback. It knows no operation but close.
const seed = Number(process.argv[2] ?? 1)

let state = seed >>> 0
/** mulberry32 */
function random(below) {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below
}
const pick = list => list[random(list.length)]

const counts = {
  operations: 0,
  accepted: 0,
  connected: 0,
  read: 0,
  written: 0,
  spliced: 0,
  messages: 0,
  thrown: 0,
}
const purpose = new Error('thrown on purpose')
let inCall = 0
let pendingCallbacks = 0
process.on('uncaughtException', error => {
  if (error !== purpose) fail(error.stack)
  counts.thrown += 1
})

function fail(text) {
  console.error(`seed ${seed}: ${text}`)
  process.exit(1)
}

/** A call into the transport, in which no callback may run. */
function call(action) {
  inCall += 1
  try {
    return action()
  } finally {
    inCall -= 1
  }
}

/** Called at the start of each callback. One in sixty-four throws at its end. */
function entered(item) {
  if (inCall > 0) fail('a callback ran inside a call')
  if (item?.closeTold) fail(`a callback after the end of a ${item.what}`)
}

function maybeThrow() {
  if (random(64) === 0) throw purpose
}

/** A callback for one operation: once at most, and before its handle is told closed. */
function once(item, then = () => {}) {
  let calls = 0
  pendingCallbacks += 1
  item.pending += 1
  const callback = value => {
    entered(item)
    if (++calls > 1) fail('a callback came twice')
    pendingCallbacks -= 1
    item.pending -= 1
    then(value)
    maybeThrow()
  }
  callback.refused = () => {
    if (calls > 0) fail('a refused operation called back')
    calls = 1
    pendingCallbacks -= 1
    item.pending -= 1
  }
  return callback
}

/** Runs an operation whose answer below 0 (or `sync`) means that it does not call back. */
function start(item, then, operation) {
  const callback = once(item, then)
  const status = call(() => operation(callback))
  if (status !== 0) callback.refused()
  return status
}

const items = { listener: [], stream: [], channel: [] }
const graveyard = []

function add(what, handle) {
  const item = { what, handle, pending: 0, closing: false, closeTold: false, ended: false }
  items[what].push(item)
  return item
}

function close(item, how = 'close') {
  if (item.closing) return
  const told = () => {
    entered(item)
    if (item.pending !== 0) fail(`a ${item.what} was closed before ${item.pending} of its operations`)
    item.closeTold = true
    pendingCallbacks -= 1
  }
  pendingCallbacks += 1
  if (how === 'reset') {
    if (call(() => item.handle.reset(told)) < 0) {
      pendingCallbacks -= 1
      return
    }
  } else {
    call(() => item.handle.close(told))
  }
  item.closing = true
  items[item.what].splice(items[item.what].indexOf(item), 1)
  graveyard.push(item)
}

/** Callbacks that have not come yet. */
const pending = () => pendingCallbacks

module.exports = {
  add,
  call,
  close,
  counts,
  entered,
  fail,
  graveyard,
  items,
  maybeThrow,
  pending,
  pick,
  random,
  seed,
  start,
}
