// accept(2) that fails once, with each of its errors, at each of its calls: every client is accepted all the same, as a
// stream and as a bare descriptor. A shortage is told once; a connection that went away before it was taken is not told.
// Needs the build of test/native/injection.
const { constants } = require('node:os')
const { native, local, check, connect } = require('./base.cjs')

const CLIENTS = 6
const GONE = [
  'ECONNABORTED',
  'EPROTO',
  'EINTR',
  'ENETDOWN',
  'ENOPROTOOPT',
  'EHOSTUNREACH',
  'EOPNOTSUPP',
  'ENETUNREACH',
  'EPERM',
]
const SHORT = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']

/** Accepts all clients in this way; the statuses that were told. */
function serve(how, number, name) {
  const told = []
  let accepted = 0
  const listener = native.listener('tcp')
  check(listener.bind(local), 'bind')
  return new Promise(resolve => {
    const clients = []
    const done = () => {
      if (accepted < CLIENTS) return
      delete process.env.X_INJECT
      for (const client of clients) client.close()
      listener.close(() => resolve(told))
    }
    const ways = {
      streams: () =>
        listener.listen(
          511,
          (status, stream) => {
            if (stream) stream.close()
            if (stream) accepted += 1
            else told.push(status)
            done()
          },
          () => {},
        ),
      descriptors: () =>
        listener.listenDescriptors(
          511,
          (status, fds) => {
            if (status < 0) told.push(status)
            native.descriptors.close(fds)
            accepted += fds.length
            done()
          },
          () => {},
        ),
    }
    check(ways[how](), 'listen')
    const to = listener.sockname()
    process.env.X_INJECT_ERRNO = String(constants.errno[name])
    process.env.X_INJECT = `${number} ${how}${number}${name} accept4`
    for (let index = 0; index < CLIENTS; index++) clients.push(connect(to, () => {}))
  })
}

/** One client, for whose stream there is no memory at first: nobody else comes to wake the listener. What was told. */
function serveOne(isPaused) {
  const told = []
  const listener = native.listener('tcp')
  check(listener.bind(local), 'bind')
  return new Promise(resolve => {
    let client
    const accept = (status, stream) => {
      if (stream === null) {
        told.push(status)
        if (isPaused) listener.pause()
        if (isPaused) setImmediate(() => listener.resume())
        return
      }
      stream.close()
      client.close()
      listener.close(() => resolve(told))
    }
    check(
      listener.listen(511, accept, () => {}),
      'listen',
    )
    client = connect(listener.sockname(), () => {})
    process.env.X_INJECT = `1 one${isPaused} uv_tcp_init`
  })
}

async function main() {
  let rounds = 0
  for (const isPaused of [false, true]) {
    const told = await serveOne(isPaused)
    if (String(told) !== String([-constants.errno.ENOMEM])) throw new Error(`one client: told ${told}`)
    delete process.env.X_INJECT
    rounds += 1
  }
  for (const how of ['streams', 'descriptors']) {
    for (const name of [...GONE, ...SHORT]) {
      for (let number = 1; number <= CLIENTS; number++) {
        const told = await serve(how, number, name)
        const expected = SHORT.includes(name) ? [-constants.errno[name]] : []
        if (String(told) !== String(expected))
          throw new Error(`${how}, ${name} at call ${number}: told ${told}`)
        rounds += 1
      }
    }
  }
  console.log(JSON.stringify({ rounds }))
}

main()
