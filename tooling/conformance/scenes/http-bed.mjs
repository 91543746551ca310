// An HTTP server behind a server of `net`, agents of sockets of `net`, bare clients. It plays no scene.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { textOf } from './scene.mjs'

/**
 * An HTTP server behind a server of `net`.
 * @param {import('./scene.mjs').Stage} stage @param {import('node:http').RequestListener} listener
 * @param {import('node:http').ServerOptions} [options]
 */
export async function serving(stage, listener, options = {}) {
  const server = http.createServer({ keepAliveTimeout: 500_000, ...options }, listener)
  /** @type {net.Socket[]} */
  const sockets = []
  const front = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    sockets.push(socket)
    server.emit('connection', socket)
  })
  const port = await stage.listen(front)
  stage.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { server, front, port, sockets }
}

/**
 * An agent of sockets of `net`, which counts them.
 * @param {import('./scene.mjs').Stage} stage @param {import('node:http').AgentOptions} [options] @returns {any}
 */
export function agentOf(stage, options = {}) {
  /** @type {any} */
  const agent = new http.Agent(options)
  agent.made = 0
  agent.createConnection = (/** @type {any} */ where, /** @type {() => void} */ done) => {
    agent.made++
    return net.createConnection({ ...where }, done)
  }
  stage.after(() => agent.destroy())
  return agent
}

/** @param {number} port @param {import('node:http').RequestOptions} [options] */
export const get = (port, options = {}) => http.get({ port, host: '127.0.0.1', ...options })

/** @param {import('node:http').ClientRequest} request */
export async function answerOf(request) {
  const [response] = await once(request, 'response')
  return { status: response.statusCode, text: await textOf(response), response, reused: request.reusedSocket }
}

/**
 * A bare client that sends this text.
 * @param {import('./scene.mjs').Stage} stage @param {number} port @param {string} text
 */
export function raw(stage, port, text, { end = false } = {}) {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', error => stage.log('client', error))
  stage.after(() => socket.destroy())
  if (end) socket.end(text)
  else socket.write(text)
  return socket
}

/** @param {string} text */
export const withoutDate = text => text.replace(/Date: .*\r\n/g, '')
