// What holds on every host, tried with whatever transport runs there: random writes arrive in their order and are called back
// in it, and a connection that ends tells of it in the order of node:net. It prints what did not hold, or one line.
//   node laws.mjs [first seed] [seeds]
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect, createServer } from '@x/core'

const SIZES = [0, 1, 10, 1000, 20_000, 200_000]

/** @param {number} seed */
function dice(seed) {
  let state = seed
  return (/** @type {number} */ below) => {
    state = (state * 1664525 + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** One connection to a server that sends back what it gets, over TCP or a local socket. @param {number} seed @param {string} folder */
async function playWrites(seed, folder) {
  const random = dice(seed)
  const isSlow = random(3) === 0
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('data', chunk => {
      if (!socket.write(chunk)) socket.pause()
      if (isSlow && random(4) === 0) socket.pause() && setTimeout(() => socket.resume(), random(10))
    })
    socket.on('drain', () => socket.resume())
    socket.on('end', () => socket.end('bye'))
  })
  const local = path.join(folder, String(seed))
  await once(random(3) === 0 ? server.listen(local) : server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const client = typeof address === 'string' ? connect(address) : connect(Number(address?.port), '127.0.0.1')
  const sent = [Buffer.alloc(0)]
  const answers = [Buffer.alloc(0)]
  /** @type {number[]} */
  const called = []
  client.on('data', chunk => answers.push(chunk))
  if (random(2) === 0) await once(client, 'connect')
  let corks = 0
  for (let left = 3 + random(12); left > 0; left--) {
    const at = sent.length
    const bytes = Buffer.alloc(SIZES[random(SIZES.length)] ?? 0, 33 + (at % 90))
    const verb = random(8)
    if (verb < 5) sent.push(bytes)
    if (verb < 3) client.write(bytes, () => called.push(at))
    else if (verb === 3) client.write(bytes.toString('hex'), 'hex', () => called.push(at))
    else if (verb === 4) client.write(bytes.toString(), () => called.push(at))
    else if (verb === 5) corks += Number(client.cork() === undefined)
    else if (verb === 6 && corks > 0) corks -= Number(client.uncork() === undefined)
    else
      await new Promise(resolve => (random(2) === 0 ? setImmediate(resolve) : setTimeout(resolve, random(5))))
  }
  for (; corks > 0; corks--) client.uncork()
  client.end()
  await once(client, 'close')
  const wanted = Buffer.concat([...sent, Buffer.from('bye')])
  assert.ok(Buffer.concat(answers).equals(wanted), 'the bytes that came back')
  assert.deepEqual(
    called,
    [...called.keys()].map(at => at + 1),
  )
  assert.equal(called.length, sent.length - 1)
  assert.deepEqual([client.bytesWritten, client.bytesRead], [wanted.length - 3, wanted.length])
  await new Promise(resolve => server.close(resolve))
}

/** @param {import('@x/core').Socket} socket */
function eventsOf(socket) {
  /** @type {string[]} */
  const events = []
  for (const event of ['connect', 'end', 'finish', 'close']) socket.on(event, () => events.push(event))
  socket.on('error', error => events.push(`error ${/** @type {NodeJS.ErrnoException} */ (error).code}`))
  return events
}

/** A client that does something to its connection: what both ends tell. @param {(client: import('@x/core').Socket) => void} act */
async function ends(act) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  const client = connect(address.port, '127.0.0.1')
  const ours = eventsOf(client)
  const [accepted] = await once(server, 'connection')
  const theirs = eventsOf(accepted)
  accepted.resume()
  if (client.connecting) await once(client, 'connect')
  const closed = [client, accepted].map(socket => new Promise(resolve => socket.on('close', resolve)))
  act(client)
  await Promise.all(closed)
  server.close()
  return [ours.join(), theirs.join()]
}

const [first = 1, seeds = 40] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(path.join(tmpdir(), 'x-laws-'))
try {
  for (let seed = first; seed < first + seeds; seed++) {
    await playWrites(seed, folder).catch(error => {
      throw new Error(`seed ${seed}: ${error.message}`)
    })
  }
  assert.deepEqual(await ends(client => client.resetAndDestroy()), [
    'connect,close',
    'error ECONNRESET,close',
  ])
  assert.deepEqual(await ends(client => client.resume().end()), [
    'connect,finish,end,close',
    'end,finish,close',
  ])
  assert.deepEqual(await ends(client => client.destroy(Object.assign(new Error('own'), { code: 'OWN' }))), [
    'connect,error OWN,close',
    'end,finish,close',
  ])
  /** @type {string[]} */
  const cut = []
  await ends(client => {
    client.on('error', () => cut.push('error'))
    client.write(Buffer.alloc(32 << 20), () => cut.push('callback'))
    client.destroy(new Error('own'))
  })
  assert.deepEqual(cut, ['error', 'callback'])
  console.log('as on node:net')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
