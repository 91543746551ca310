// A TCP proxy: each connection goes to the next upstream that accepts it. Ctrl-C stops accepting, and waits for open
// connections.
//   node proxy.mjs PORT [HOST:]PORT...
import { isIPv6 } from '@x/core'
import { startProxy } from './start-proxy.mjs'

const [port, ...places] = process.argv.slice(2)
if (port === undefined || places.length === 0) {
  console.error('usage: node proxy.mjs PORT [HOST:]PORT...     an IPv6 address in brackets')
  process.exit(2)
}

const upstreams = places.map(place => {
  const [, host = '127.0.0.1', number] = /^(?:\[?([^\]]+?)\]?:)?(\d+)$/.exec(place) ?? []
  if (number === undefined) throw new Error(`not an address: ${place}`)
  return { host, port: Number(number) }
})
const proxy = await startProxy({ port: Number(port), upstreams, onRefused: tell })
console.log(`port ${proxy.port} leads to ${upstreams.map(shown).join(', ')}`)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    console.log(`waiting for ${proxy.connections} connections; once more ends them`)
    process.once(signal, () => proxy.abort())
    await proxy.close()
    console.log('closed')
    process.exit()
  })
}

/** @param {import('./start-proxy.mjs').Upstream} upstream @param {Error} error */
function tell(upstream, error) {
  console.error(`${shown(upstream)}: ${error.message}`)
}

/** @param {import('./start-proxy.mjs').Upstream} upstream */
function shown({ host, port }) {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
