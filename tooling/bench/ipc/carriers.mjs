// What is compared: ways to carry messages between a process and its child. Each knows how to open its end, send with
// back-pressure, and hear.
import { once } from 'node:events'
import { connect as netConnect, createServer as netServer } from 'node:net'
import { connect, createChannel, listen } from '@x/ipc'

/**
 * @typedef {object} Carrier
 * @property {(message: unknown) => Promise<void> | undefined} send  await it where it is a promise
 * @property {(listener: (message: any) => void) => void} hear
 * @property {() => void} close
 */

/** @param {import('node:child_process').ChildProcess | NodeJS.Process} process @returns {Carrier} */
function byProcess(process) {
  let waiting = 0
  let resume = () => {}
  const sent = () => {
    if (--waiting === 32) resume()
  }
  return {
    send(message) {
      waiting++
      const room = /** @type {any} */ (process).send(message, sent)
      if (room || waiting < 64) return undefined
      return new Promise(resolve => {
        resume = resolve
      })
    },
    hear: listener => void process.on('message', listener),
    close: () => /** @type {any} */ (process).disconnect(),
  }
}

/** @param {import('node:net').Socket} socket @returns {Carrier} */
function byLines(socket) {
  let rest = ''
  return {
    send(message) {
      if (socket.write(`${JSON.stringify(message)}\n`)) return undefined
      return once(socket, 'drain').then(() => {})
    },
    hear(listener) {
      socket.setEncoding('utf8').on('data', text => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) listener(JSON.parse(line))
      })
    },
    close: () => void socket.destroy(),
  }
}

/** @param {import('@x/ipc').Channel} over @returns {Carrier} */
function byChannel(over) {
  return {
    send: message => over.send(message),
    hear: listener => void over.on('message', ({ value }) => listener(value)),
    close: () => over.destroy(),
  }
}

/** The other end of a node:net server, once it came. @param {string} path */
async function acceptNet(path) {
  const server = netServer().listen(path)
  const [socket] = await once(server, 'connection')
  server.close()
  return socket
}

/** @param {string} path @param {import('@x/ipc').LocalListenOptions} [options] */
async function accept(path, options) {
  const server = await listen(path, options)
  const [socket] = await once(server, 'connection')
  server.close()
  return socket
}

/** @type {Record<string, { title: string, fork?: object, here: (path: string, child: any) => Promise<Carrier>, there: (path: string) => Promise<Carrier> }>} */
export const CARRIERS = {
  send: {
    title: 'process.send',
    here: async (_path, child) => byProcess(child),
    there: async () => byProcess(process),
  },
  advanced: {
    title: 'process.send, advanced',
    fork: { serialization: 'advanced' },
    here: async (_path, child) => byProcess(child),
    there: async () => byProcess(process),
  },
  lines: {
    title: 'JSON lines over node:net',
    here: async path => byLines(await acceptNet(path)),
    there: async path => byLines(netConnect(path)),
  },
  channel: {
    title: 'channel',
    here: async path => byChannel(createChannel(await accept(path))),
    there: async path => byChannel(createChannel(await connect(path))),
  },
  'channel-net': {
    title: 'channel over node:net',
    here: async path => byChannel(createChannel(await acceptNet(path))),
    there: async path => byChannel(createChannel(netConnect(path))),
  },
  'channel-handles': {
    title: 'channel with handles',
    here: async path => byChannel(createChannel(await accept(path), { handles: true })),
    there: async path => byChannel(createChannel(await connect(path), { handles: true })),
  },
}
