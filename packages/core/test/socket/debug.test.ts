// What NODE_DEBUG=net writes, in a process of its own: the variable is read when a process starts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { packageFolder, run } from '../register/run'

const folder = mkdtempSync(path.join(packageFolder, 'test', 'socket', 'made-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = path.join(folder, 'exchange.cjs')
writeFileSync(
  file,
  `const net = require('@x/core')
  const server = net.createServer(socket => socket.end('hello')).listen(0, '127.0.0.1', () => {
    net.connect(server.address().port, '127.0.0.1').resume().on('close', () => server.close())
  })`,
)

async function written(env: Record<string, string>): Promise<string[]> {
  const { code, stderr } = await run([file], { flags: [], env })
  expect(code).toBe(0)
  return stderr.trim().split('\n').filter(Boolean)
}

it('[N4] NODE_DEBUG=net tells on standard error of the transport, of listening, connecting, ending and closing', async () => {
  const lines = await written({ NODE_DEBUG: 'net' })
  const texts = lines.map(line => /^NET \d+: (.*)$/.exec(line)?.[1]?.replace(/port: \d+/, 'port'))
  // Both ends are in the process, so the order of the last ones is the system's.
  expect(texts.slice(0, 3)).toEqual([
    "listen on { port, host: '127.0.0.1' }",
    expect.stringMatching(/^transport: (native$|portable, not native: )/),
    "attempt to connect to { family: 'IPv4', address: '127.0.0.1', port }",
  ])
  const rest = ['close', 'close', 'connected', 'shut the writable side down', 'shut the writable side down']
  expect(texts.slice(3).sort()).toEqual(rest)
})

it('[N4] nothing is written without it, or for another part of Node', async () => {
  expect(await written({ NODE_DEBUG: '' })).toEqual([])
  expect(await written({ NODE_DEBUG: 'http' })).toEqual([])
})
