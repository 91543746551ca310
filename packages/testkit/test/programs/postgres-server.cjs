// A small PostgreSQL server on node:net: it trusts everybody, and answers each simple query with its own text and length.
const net = require('node:net')

function serve(port) {
  const server = net.createServer(socket => {
    let rest = Buffer.alloc(0)
    let isStarted = false
    socket.on('error', () => {})
    socket.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      for (;;) {
        const head = isStarted ? 1 : 0
        if (rest.length < head + 4) return
        const length = head + rest.readInt32BE(head)
        if (rest.length < length) return
        const message = rest.subarray(0, length)
        rest = rest.subarray(length)
        if (!isStarted) {
          isStarted = true
          socket.write(Buffer.concat([packet('R', int32(0)), ready()]))
        } else if (message[0] === 0x51) socket.write(rows(message.toString('utf8', 5, length - 1)))
        else if (message[0] === 0x58) socket.end()
      }
    })
  })
  server.listen(port)
  return server
}

function rows(query) {
  const column = (name, type) =>
    Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)])
  const value = said => Buffer.concat([int32(Buffer.byteLength(said)), Buffer.from(said)])
  return Buffer.concat([
    packet('T', int16(2), column('query', 25), column('length', 23)),
    packet('D', int16(2), value(query), value(String(query.length))),
    packet('C', text('SELECT 1')),
    ready(),
  ])
}

const ready = () => packet('Z', Buffer.from('I'))
const text = said => Buffer.from(`${said}\0`)

function int16(value) {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function packet(type, ...parts) {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

module.exports = { serve }
