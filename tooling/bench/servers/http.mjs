// node:http behind a server of the module under test: its connections are given to node:http by 'connection'. With
// node:net, node:http alone.
import http from 'node:http'
import { net, serve } from './control.mjs'

const web = http.createServer((_request, response) => response.end('hello'))
const isAlone = process.env.X_BENCH_NET === 'node:net'

serve(
  isAlone
    ? web
    : // The options that node:http gives to its own server.
      net.createServer({ allowHalfOpen: true, noDelay: true }, socket => web.emit('connection', socket)),
)
