// The built package keeps the globals of its load: set-ups of tests replace them, or take them away.
import path from 'node:path'
import { expect, it } from 'vitest'
import { run } from '../register/run'

const globals = [
  'Buffer',
  'Uint8Array',
  'process',
  'Map',
  'Error',
  'AggregateError',
  'Array',
  'Object',
  'Promise',
]

/** Talks over a connection and is refused another while the global is gone; prints the bytes and the code. */
const program = `
const net = require(${JSON.stringify(path.resolve(import.meta.dirname, '../..'))})
const [name] = process.argv.slice(1), { log } = console, kept = globalThis[name]
const server = net.createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  Object.defineProperty(globalThis, name, { value: undefined, writable: true, configurable: true })
  let bytes = 0
  const client = net.connect(port, '127.0.0.1').on('data', data => { bytes += data.length })
  client.end('hello').on('close', () => server.close(() => {
    net.connect(port, '127.0.0.1').on('error', ({ code }) => {
      globalThis[name] = kept
      log(bytes, code)
    })
  }))
})`

for (const transport of ['native', 'portable']) {
  it.each(globals)(`[N4] ${transport} goes on without the global %s`, async name => {
    const { code, stdout, stderr } = await run(['-e', program, name], {
      flags: [],
      env: { X_NET_TRANSPORT: transport },
    })
    // Where there is no binary the native transport says so.
    if (transport === 'native' && stderr.includes('ERR_X_TRANSPORT_UNAVAILABLE')) return
    expect([stdout.trim(), code]).toEqual(['5 ECONNREFUSED', 0])
  })
}
