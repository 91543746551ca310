// A worker of the spread bench: answers a connection after a while and ends it. The first worker is the slow one.
import cluster from '@x/cluster'
import { createServer } from '@x/core'

const delayMs = Number(cluster.worker?.id === 1 ? process.env.SLOW_MS : process.env.QUICK_MS)

createServer(socket => {
  socket.on('error', () => {})
  socket.resume()
  setTimeout(() => socket.end('x'), delayMs)
}).listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
