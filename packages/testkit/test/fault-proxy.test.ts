// The fault proxy between real processes: a server and a client of node:net, and the proxy in this process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type FaultProxy, faultProxy, faults, getPort, tempEndpoint } from '../src'

const ECHO = `const net = require('node:net')
  const server = net.createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(process.argv[1] || { port: 0, host: '127.0.0.1' }, () =>
    console.log(JSON.stringify(server.address())))`

/** Sends text, prints what comes back, and how it ended. */
const CLIENT = `const net = require('node:net')
  const socket = net.connect(JSON.parse(process.argv[1]))
  let text = ''
  socket.on('data', data => { text += data })
  socket.on('error', error => { text += error.code })
  socket.on('close', () => console.log(text))
  socket.end(process.argv[2])`

async function startEcho(path = ''): Promise<{ child: ChildProcess; at: { port: number } | string }> {
  const child = spawn(process.execPath, ['-e', ECHO, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout!, 'data')
  return { child, at: JSON.parse(String(line)) }
}

async function ask(proxy: FaultProxy, text: string): Promise<string> {
  const child = spawn(process.execPath, ['-e', CLIENT, JSON.stringify(proxy.place), text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', data => {
    said += data
  })
  await once(child, 'close')
  return said.trim()
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill()
  await once(child, 'close')
}

describe('fault proxy', () => {
  it('[T4] stands between real processes, and its rules come and go while it runs', async () => {
    const { child, at } = await startEcho()
    const upstream = { ...(at as { port: number }), host: '127.0.0.1' }
    const listen = { port: await getPort(), host: '127.0.0.1' }
    const proxy = await faultProxy({ upstream, listen })
    expect(await ask(proxy, 'plain')).toBe('plain')
    {
      const guard = proxy.add(faults.limit({ bytes: 3, on: 'write' }))
      expect(await ask(proxy, 'limited')).toBe('lim')
      guard()
    }
    const reset = proxy.add(faults.reset())
    expect(await ask(proxy, 'reset')).toBe('ECONNRESET')
    reset()
    proxy.add(faults.slicer({ bytes: 2 }))
    expect(await ask(proxy, 'in slices')).toBe('in slices')
    proxy.clear()
    await proxy.down()
    expect(await ask(proxy, 'down')).toBe('ECONNREFUSED')
    await proxy.up()
    expect(await ask(proxy, 'up again')).toBe('up again')
    expect(proxy.connections).toBe(0)
    await proxy.close()
    await stop(child)
  })

  it('[T4] joins local sockets to TCP', async () => {
    const [far, near] = [tempEndpoint('far'), tempEndpoint('near')]
    const { child } = await startEcho(far.path)
    for (const listen of [{ path: near.path }, { port: 0, host: '127.0.0.1' }]) {
      const proxy = await faultProxy({
        upstream: { path: far.path },
        listen,
        rules: [faults.latency({ ms: 5 })],
      })
      expect(await ask(proxy, 'hello')).toBe('hello')
      await proxy.close()
    }
    await stop(child)
    far.release()
    near.release()
  })
})
