// What the programs that tests start share: the built package's (X_TEST_PACKAGE names another folder than ours) native transport, listening, connecting.
const path = require('node:path')

const root = process.env.X_TEST_PACKAGE ?? path.join(__dirname, '..', '..', '..')
const { loadNative } = require(path.join(root, 'dist', 'transport.js'))

const loaded = loadNative()
if (!loaded.transport) {
  console.error(loaded.reason)
  process.exit(9)
}
const native = loaded.transport
const local = { family: 'IPv4', address: '127.0.0.1', port: 0 }

function check(status, what) {
  if (status < 0) throw new Error(`${what}: ${status}`)
  return status
}

/** @param {(stream: import('../../../src/transport').StreamHandle) => void} onStream */
function serve(at, onStream, onShortage = () => {}) {
  const listener = native.listener('path' in at ? 'pipe' : 'tcp')
  check(listener.bind(at), 'bind')
  const accept = (status, stream) => (stream ? onStream(stream) : onShortage(status))
  check(
    listener.listen(511, accept, () => {}),
    'listen',
  )
  return listener
}

function connect(to, done) {
  const stream = native.stream('path' in to ? 'pipe' : 'tcp')
  check(
    stream.connect(to, status => done(status, stream)),
    'connect',
  )
  return stream
}

function echo(stream) {
  stream.readStart({
    onData: chunk => stream.write([chunk], () => {}),
    onEnd: () => stream.shutdown(() => stream.close()),
    onError: () => stream.close(),
  })
}

module.exports = { native, local, check, serve, connect, echo }
