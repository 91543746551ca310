// Descriptors run out while clients wait in the backlog of a server that is drained, or iterated over. Run under a low
// `ulimit -n`. Every client is answered, and the shortage is told once.
const { openSync, closeSync } = require('node:fs')
const { once } = require('node:events')
const path = require('node:path')

const root = process.env.X_TEST_PACKAGE ?? path.join(__dirname, '..', '..', '..')
const { createServer, connect, setDefaultAutoSelectFamily } = require(root)
setDefaultAutoSelectFamily(false)

const CLIENTS = 8
const hoard = []
const free = () => {
  for (const fd of hoard.splice(0)) closeSync(fd)
}

/** Clients that have connected, and no descriptor for the server to accept them. */
async function besiege(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clients = Array.from({ length: CLIENTS }, () => connect(server.address().port, '127.0.0.1'))
  const answers = clients.map(async client => {
    client.end('x')
    let text = ''
    for await (const data of client) text += data
    return text
  })
  // Behind the ticks in which they connect, and before the turn in which they are accepted.
  await new Promise(resolve => process.nextTick(resolve))
  try {
    for (;;) hoard.push(openSync('/dev/null', 'r'))
  } catch {}
  return Promise.all(answers)
}

/** Ends the shortage a few turns later. */
function freeSoon(turns = 10) {
  if (turns === 0) free()
  else setImmediate(freeSoon, turns - 1)
}

async function drained() {
  const server = createServer(socket => socket.pipe(socket))
  const told = []
  const report = new Promise(resolve => {
    server.on('error', error => {
      told.push(error.code)
      resolve(server.drain())
      freeSoon()
    })
  })
  const answers = await besiege(server)
  const { finished, idle, forced } = await report
  return { answers: answers.join(''), told, finished, idle, forced }
}

async function iterated() {
  const server = createServer()
  const told = []
  process.on('warning', ({ message }) => {
    told.push(/EMFILE/.test(message))
    freeSoon()
  })
  let seen = 0
  const iteration = (async () => {
    for await (const socket of server) {
      socket.pipe(socket)
      if (++seen === CLIENTS) break
    }
  })()
  const answers = await besiege(server)
  await iteration
  return { answers: answers.join(''), told, seen }
}

async function main() {
  console.log(JSON.stringify({ drained: await drained(), iterated: await iterated() }))
}
main()
