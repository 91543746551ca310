// The worker of `handover`: accepts what it is handed, echoes the first bytes, and closes.
const isHost = process.env.X_BENCH_NET === 'node:net'
await import(isHost ? 'node:cluster' : (process.env.X_BENCH_CLUSTER ?? '@x/cluster'))
const net = await import(process.env.X_BENCH_NET ?? 'node:net')

net
  .createServer(socket => {
    socket.once('data', chunk => socket.end(chunk))
    socket.on('error', () => {})
  })
  .listen({ port: 0, host: '127.0.0.1' })
