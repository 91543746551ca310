// What sockets and servers are made with and told: options, targets and settings, as code. It makes no steps.

/** @typedef {import('./random.mjs').Random} Random */

/** The options of a socket of the subject. @param {Random} random @param {string} actor */
export function socketOptions(random, actor) {
  const options = ['noDelay: true']
  if (random.chance(0.3)) options.push('allowHalfOpen: true')
  if (random.chance(0.04)) options.push(`readable: ${random.chance(0.5)}`)
  if (random.chance(0.04)) options.push(`writable: ${random.chance(0.5)}`)
  if (random.chance(0.08)) options.push(`highWaterMark: ${random.pick([0, 1, 10, 1000])}`)
  if (random.chance(0.04)) options.push(`encoding: 'utf8'`)
  // A text of odd length in hex has Node abort where it is gathered with others.
  if (random.chance(0.04)) options.push(`defaultEncoding: '${random.pick(['base64', 'latin1'])}'`)
  // Without a readable side node:net reads into the buffer all the same.
  if (random.chance(0.04) && !options.some(option => option.startsWith('readable')))
    options.push(
      `onread: t.onread('${actor}', ${random.pick([10, 1000])}, ${random.pick(['undefined', 'false', 'true, true'])})`,
    )
  if (random.chance(0.03)) options.push('signal: t.signal')
  if (random.chance(0.03)) options.push('keepAlive: true, keepAliveInitialDelay: 5000')
  if (random.chance(0.02)) options.push('captureRejections: true')
  if (random.chance(0.03))
    options.push(`...t.since(24, { blockList: t.blockList(net, ${random.chance(0.5)}) })`)
  return options
}

/** The options of a server of the subject. @param {Random} random */
export function serverOptions(random) {
  const options = ['noDelay: true']
  if (random.chance(0.3)) options.push('allowHalfOpen: true')
  if (random.chance(0.2)) options.push('pauseOnConnect: true')
  if (random.chance(0.1)) options.push(`highWaterMark: ${random.pick([1, 10, 1000])}`)
  if (random.chance(0.05)) options.push('keepAlive: true, keepAliveInitialDelay: 5000')
  if (random.chance(0.03))
    options.push(`...t.since(24, { blockList: t.blockList(net, ${random.chance(0.5)}) })`)
  return options
}

/** Where a socket connects to, as code. @param {Random} random */
export function connectTarget(random) {
  return random.weighted({
    't.where': 60,
    't.refused': 6,
    "{ ...t.where, host: 'x.test', lookup: t.lookup('now') }": 2,
    "{ ...t.where, host: 'x.test', lookup: t.lookup('later') }": 3,
    "{ ...t.where, host: 'x.test', lookup: t.lookup('fails') }": 1,
    "{ ...t.where, host: 'x.test', lookup: t.lookup('both'), autoSelectFamily: true }": 2,
    "{ ...t.where, localAddress: '127.0.0.1' }": 1,
    '...t.positional': 6,
    '{ ...t.where, allowHalfOpen: true, noDelay: false, highWaterMark: 5 }': 1,
    '{ ...t.where, signal: t.signal, onread: 5 }': 1,
    '{ ...t.where, family: 4, hints: 0, localPort: 0, autoSelectFamily: false }': 1,
  })
}

/** What `write` and `end` are given instead of a chunk, with an encoding or without. */
export const oddArguments = [
  'null',
  '5',
  '{}',
  'undefined',
  "'zz', 'none'",
  "'zz', 'hex'",
  "'zz', 5",
  "'zz', {}",
  "'zz', true",
  "'zz', null",
  "'zz', ''",
  "'zz', 'UTF-8'",
  "'zz', 'utf8', 5",
  "'zz', {}, {}",
  "Buffer.from('zz'), 5",
  "Buffer.from('zz'), 'hex', null",
  'new Uint8Array(0)',
  'Buffer.alloc(0)',
  'new Uint8ClampedArray([65])',
  'new Float64Array([1.5])',
  'new ArrayBuffer(2)',
  "new String('zz')",
  '[65]',
  '1n',
  "Symbol('zz')",
  't.transferred(Buffer)',
  't.transferred(Uint8Array)',
]

/** What `listen` refuses. */
export const wrongListens = [
  '{}',
  '-1',
  '{ port: 70_000 }',
  '{ path: 5 }',
  'null',
  '{ fd: 100_000 }',
  '{ port: 0, exclusive: 5 }',
]

/** A setting of a socket: its method, and its arguments. @type {readonly [string, ...string[]][]} */
export const settings = [
  ['setTimeout', '100_000'],
  ['setTimeout', '0'],
  ['setTimeout', '-1'],
  ['setTimeout', "'x'"],
  ['setNoDelay'],
  ['setNoDelay', 'true'],
  ['setKeepAlive', 'true', '5000'],
  ['setKeepAlive'],
  ['ref'],
  ['unref'],
  ['address'],
  ['isPaused'],
  ['listenerCount', "'data'"],
  ['setDefaultEncoding', "'latin1'"],
  ['setDefaultEncoding', "'none'"],
]
