// Tries what the page says that the portable transport cannot do, and what it can. Prints the code of each, or "works".
import { openSync } from 'node:fs'
import { createServer } from '@x/core'
import {
  connect,
  createChannel,
  createClient,
  createDescriptor,
  createRawHandoff,
  getCredentials,
  getPidfd,
  listen,
  resolveEndpoint,
  sendHandle,
} from '@x/ipc'
import { notify, startWatchdog, storeDescriptors, takeListenFds } from '@x/ipc/systemd'

const [folder] = process.argv.slice(2)
const at = name => resolveEndpoint(name, { folder })
const abstract = resolveEndpoint(`unsupported-${process.pid}`, { abstract: true })
const notifying = { env: { NOTIFY_SOCKET: `${folder}/n`, WATCHDOG_USEC: '1000000' } }
const server = await listen(at('server'), {}, socket => createChannel(socket).serve(value => value))
const socket = await connect(at('server'))
const channel = createChannel(await connect(at('server')))
const fd = openSync('/dev/null', 'r')
const attempts = {
  request: async () => void (await channel.request('asked')),
  client: async () => {
    const client = createClient(at('server'))
    await client.request('asked')
    await client.close()
  },
  'takeListenFds without a manager': () => takeListenFds({ env: {} }),
  'notify without a manager': () => notify({ ready: true }, { env: {} }),
  'listen with mode and owner': () => listen(at('owned'), { mode: 0o640, uid: process.getuid() }),
  'listen on an abstract name for all': () => listen(abstract, { writableAll: true }),
  'connect to an abstract name of anybody': () => connect(abstract, { anyServer: true }),
  getCredentials: () => getCredentials(socket),
  getPidfd: () => getPidfd(socket),
  'listen with authorize': () => listen(at('other'), { authorize: () => true }),
  'connect with authorize': () => connect(at('server'), { authorize: () => true }),
  'listen on an abstract name': () => listen(resolveEndpoint('unsupported', { abstract: true })),
  'connect to an abstract name': () => connect(abstract),
  'connect in a shared folder': () => connect(at('server'), { sharedFolder: true }),
  'a channel with handles': () => createChannel(socket, { handles: true }),
  'a client with handles': () => createClient(at('server'), { channel: { handles: true } }),
  'a channel of a number': () => createChannel(fd),
  'sendHandle over a socket': () => sendHandle(socket, 'text', fd),
  'sendHandle over a channel': () => sendHandle(channel, 'text', fd),
  'a descriptor of a server': () => createDescriptor(createServer().listen(0)),
  createRawHandoff: () => createRawHandoff(socket),
  notify: () => notify({ ready: true }, notifying),
  storeDescriptors: () => storeDescriptors('name', [fd], notifying),
  startWatchdog: () => startWatchdog(notifying),
}
const codes = {}
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt()
    codes[name] = 'works'
  } catch (error) {
    codes[name] = error.code
  }
}
console.log(JSON.stringify(codes))
server.close()
process.exit()
