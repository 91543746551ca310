// A TLS server behind a server of `net`, and clients of it. It plays no scene.
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'

const read = (/** @type {string} */ name) =>
  readFileSync(new URL(`../../../packages/core/test/interop/${name}`, import.meta.url))

export const key = read('key.pem')
export const cert = read('cert.pem')

/** @param {import('./scene.mjs').Stage} stage @param {import('node:tls').TlsOptions} [options] @param {import('node:net').ServerOpts} [front] */
export async function secured(stage, options = {}, front = {}) {
  const secure = tls.createServer({ key, cert, ...options })
  /** @type {import('node:net').Socket[]} */
  const raws = []
  const server = net.createServer(front, socket => {
    raws.push(socket)
    socket.on('error', () => {})
    secure.emit('connection', socket)
  })
  const port = await stage.listen(server)
  stage.after(() => {
    for (const one of raws) one.destroy()
  })
  return { secure, server, port, raws }
}

/** @param {import('./scene.mjs').Stage} stage @param {number} port @param {object} [options] @param {object} [raw] */
export function dial(stage, port, options = {}, raw = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', ...raw })
  const client = tls.connect({ socket, ca: cert, servername: 'localhost', ...options })
  stage.after(() => client.destroy())
  return client
}
