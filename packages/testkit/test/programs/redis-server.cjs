// A small Redis server on node:net, as anybody would write one: PING, SET, GET, INCR, and what clients ask at first.
const net = require('node:net')

function serve(port) {
  const values = new Map()
  const server = net.createServer(socket => {
    let rest = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      for (let taken = readCommand(rest); taken; taken = readCommand(rest)) {
        rest = rest.subarray(taken.length)
        socket.write(answer(values, taken.words))
        if (taken.words[0].toLowerCase() === 'quit') socket.end()
      }
    })
  })
  server.listen(port)
  return server
}

/** An array of bulk strings, once all of it is there. */
function readCommand(bytes) {
  const lineEnd = bytes.indexOf('\r\n')
  if (lineEnd < 0) return null
  const words = []
  let at = lineEnd + 2
  for (let left = Number(bytes.subarray(1, lineEnd)); left > 0; left--) {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return null
    const length = Number(bytes.subarray(at + 1, end))
    at = end + 2 + length + 2
    if (at > bytes.length) return null
    words.push(bytes.toString('utf8', at - length - 2, at - 2))
  }
  return { words, length: at }
}

function answer(values, [name, key, value]) {
  switch (name.toLowerCase()) {
    case 'ping':
      return '+PONG\r\n'
    case 'info':
      return bulk('redis_version:7.0.0\r\nloading:0\r\n')
    case 'set':
      values.set(key, value)
      return '+OK\r\n'
    case 'get':
      return values.has(key) ? bulk(values.get(key)) : '$-1\r\n'
    case 'incr':
      values.set(key, String(Number(values.get(key) ?? 0) + 1))
      return `:${values.get(key)}\r\n`
    default:
      return '+OK\r\n'
  }
}

function bulk(text) {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`
}

module.exports = { serve }
