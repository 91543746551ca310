// A program that knows node:net alone, to be bundled with another module in its place.
const net = require('node:net')

const server = net.createServer(socket => socket.end('hello'))
server.listen(0, '127.0.0.1', () => {
  const socket = net.connect(server.address().port, '127.0.0.1')
  socket.on('data', data => console.log(JSON.stringify({ text: String(data), isOurs: 'BoundSocket' in net })))
  socket.on('close', () => server.close())
})
