// Takes sockets from its parent and answers on them. A program of the test beside it.
process.on('message', (_message, socket) => {
  const chunks = []
  socket.on('data', chunk => chunks.push(chunk))
  socket.on('end', () => socket.end(`the child heard ${Buffer.concat(chunks)}`))
  socket.resume()
})
