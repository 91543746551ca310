// sendFile(socket, file): in order with the writes around it, parts of files, slow peers, and whatever may go wrong before
// and after the first byte, on native and portable.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket as NodeSocket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { connect, type Socket, sendFile } from '../../src'
import { loadNative, portable } from '../../src/transport'

const folder = mkdtempSync(path.join(tmpdir(), 'x-send-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const large = randomBytes(5_000_000)
const file = path.join(folder, 'large')
writeFileSync(file, large)

async function connected(transport: typeof portable) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', transport })
  const [far] = (await once(server, 'connection')) as [NodeSocket]
  server.close()
  const chunks: Buffer[] = []
  far.on('data', (chunk: Buffer) => chunks.push(chunk))
  far.on('error', () => {})
  near.on('error', () => {})
  const whole = async () => {
    if (!far.readableEnded) await once(far, 'end')
    return Buffer.concat(chunks)
  }
  return { near, far, whole }
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    value => value,
    (error: NodeJS.ErrnoException) => error.code ?? error.name,
  )

const turn = () => new Promise(resolve => setImmediate(resolve))

const transports = [loadNative().transport, portable].filter(transport => transport !== null)

describe.each(transports)('sendFile on $name', transport => {
  it('sends a file in order with the writes around it, though nobody waits', async () => {
    const { near, whole } = await connected(transport)
    near.write('head ')
    const sent = sendFile(near, file)
    near.write(' middle ')
    const part = sendFile(near, file, { start: 10, end: 19 })
    near.cork()
    near.write(' ta')
    const again = sendFile(near, file, { end: 0 })
    near.uncork()
    near.end('il')
    const wanted = [Buffer.from('head '), large, Buffer.from(' middle '), large.subarray(10, 20)]
    wanted.push(Buffer.from(' ta'), large.subarray(0, 1), Buffer.from('il'))
    expect((await whole()).equals(Buffer.concat(wanted))).toBe(true)
    expect(await Promise.all([sent, part, again])).toEqual([large.length, 10, 1])
    expect(near.bytesWritten).toBe(Buffer.concat(wanted).length)
  })

  it('keeps its place among writes before the connection is made', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection')
    for (const first of ['write', 'file'] as const) {
      const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', transport })
      if (first === 'write') near.write('<')
      const sent = sendFile(near, file, { end: 4 })
      near.end('>')
      expect(await sent).toBe(5)
    }
    server.close()
    const [far] = (await accepted) as [NodeSocket]
    const chunks: Buffer[] = []
    far.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(far, 'end')
    expect(
      Buffer.concat(chunks).equals(Buffer.concat([Buffer.from('<'), large.subarray(0, 5), Buffer.from('>')])),
    ).toBe(true)
  })

  it('waits for a peer that does not read', async () => {
    const { near, far, whole } = await connected(transport)
    far.pause()
    const sent = Promise.all([sendFile(near, file), sendFile(near, file), sendFile(near, file)])
    near.end()
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
    far.resume()
    expect((await whole()).equals(Buffer.concat([large, large, large]))).toBe(true)
    expect(await sent).toEqual([large.length, large.length, large.length])
  })

  it('takes a file handle and a descriptor, and leaves them open where they were', async () => {
    const { near, whole } = await connected(transport)
    const handle = await open(file)
    expect(await sendFile(near, handle, { end: 2 })).toBe(3)
    expect(await sendFile(near, handle.fd, { start: 3, end: 5 })).toBe(3)
    near.end()
    expect((await whole()).equals(large.subarray(0, 6))).toBe(true)
    expect((await handle.read(Buffer.alloc(4), 0, 4)).buffer.equals(large.subarray(0, 4))).toBe(true)
    await handle.close()
  })

  it('tells what is wrong before the first byte, and the socket goes on', async () => {
    const { near, whole } = await connected(transport)
    const before = readdirSync('/proc/self/fd').length
    expect(await code(sendFile(near, path.join(folder, 'missing')))).toBe('ENOENT')
    expect(await code(sendFile(near, folder))).toBe('ERR_INVALID_ARG_VALUE')
    expect(await code(sendFile(near, '/dev/null'))).toBe('ERR_INVALID_ARG_VALUE')
    expect(await code(sendFile(near, 1_000_000))).toBe('EBADF')
    expect(await code(sendFile(near, file, { signal: AbortSignal.abort() }))).toBe('ABORT_ERR')
    expect(await sendFile(near, file, { start: large.length })).toBe(0)
    expect(readdirSync('/proc/self/fd').length).toBe(before)
    near.end('fine')
    expect(String(await whole())).toBe('fine')
  })

  it('destroys the socket where something goes wrong after the first byte', async () => {
    for (const how of ['abort', 'shorter', 'destroy', 'peer'] as const) {
      const { near, far } = await connected(transport)
      far.pause()
      const copy = path.join(folder, 'copy')
      writeFileSync(copy, Buffer.concat([large, large, large]))
      const abort = new AbortController()
      const outcome = code(sendFile(near, copy, { signal: abort.signal }))
      while (near.bytesWritten === 0) await new Promise(resolve => setImmediate(resolve))
      if (how === 'abort') abort.abort()
      if (how === 'shorter') truncateSync(copy, 1000)
      if (how === 'destroy') near.destroy()
      if (how === 'peer') far.resetAndDestroy()
      else far.resume()
      const told = await outcome
      const wanted = {
        abort: ['ABORT_ERR'],
        shorter: ['ERR_X_FILE_TOO_SHORT'],
        destroy: ['ERR_SOCKET_CLOSED'],
        peer: ['ECONNRESET', 'EPIPE', 'ERR_SOCKET_CLOSED'],
      }
      expect(wanted[how], how).toContain(told)
      if (!near.closed) await once(near, 'close')
      expect(near.destroyed).toBe(true)
      far.destroy()
    }
  })

  it('keeps its place before what listeners to connect write', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', transport })
    near.once('connect', () => near.write('>'))
    near.once('connect', () => near.end('>'))
    const [[far]] = (await Promise.all([
      once(server, 'connection'),
      sendFile(near, file, { end: 4 }),
      sendFile(near, file, { start: 5, end: 9 }),
    ])) as [[NodeSocket], number, number]
    server.close()
    const chunks: Buffer[] = []
    far.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(far, 'end')
    expect(Buffer.concat(chunks)).toEqual(Buffer.concat([large.subarray(0, 10), Buffer.from('>>')]))
    far.destroy()
  })

  it('does not wait for a stalled peer to be aborted', async () => {
    const { near, far } = await connected(transport)
    far.pause()
    const abort = new AbortController()
    near.write(Buffer.alloc(20_000_000))
    const before = sendFile(near, file, { signal: abort.signal })
    abort.abort()
    expect(await code(before)).toBe('ABORT_ERR')
    expect(near.destroyed).toBe(false)
    far.resume()
    const after = sendFile(near, file, { end: 4 })
    expect(await after).toBe(5)
    far.pause()
    const again = new AbortController()
    const stalled = Promise.all(
      [file, file, file].map(name => code(sendFile(near, name, { signal: again.signal }))),
    )
    const begun = near.bytesWritten
    while (near.bytesWritten === begun) await turn()
    again.abort()
    expect(await stalled).toContain('ABORT_ERR')
    if (!near.closed) await once(near, 'close')
    far.destroy()
  })

  it('sends of no other file where its handle was closed and the descriptor is used again', async () => {
    const { near, far } = await connected(transport)
    far.pause()
    const copy = path.join(folder, 'closed')
    writeFileSync(copy, Buffer.alloc(40_000_000, 1))
    const handle = await open(copy)
    const outcome = code(sendFile(near, handle))
    while (near.bytesWritten === 0) await turn()
    await handle.close()
    const others = [openSync(file, 'r'), openSync(file, 'r')]
    let hasOther = false
    far.on('data', (chunk: Buffer) => (hasOther ||= chunk.some(byte => byte !== 1)))
    far.resume()
    expect(await outcome).toBe('EBADF')
    if (!far.closed) await once(far, 'close')
    expect(hasOther).toBe(false)
    for (const other of others) closeSync(other)
  })

  it('does not wait for the writer of a FIFO', async () => {
    const { near, far } = await connected(transport)
    const fifo = path.join(folder, `fifo-${transport.name}`)
    execFileSync('mkfifo', [fifo])
    expect(await code(sendFile(near, fifo))).toBe('ERR_INVALID_ARG_VALUE')
    expect(near.destroyed).toBe(false)
    near.destroy()
    far.destroy()
  })

  it('destroys a socket that the first byte finds broken; where nobody looks, no rejection is unhandled', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const server = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true, transport }).resume()
    await once(near, 'end')
    near.write('the answer is a reset')
    await turn()
    const failed = new Promise<NodeJS.ErrnoException>(resolve => near.once('error', resolve))
    void sendFile(near, file)
    expect(['EPIPE', 'ECONNRESET']).toContain((await failed).code)
    if (!near.closed) await once(near, 'close')
    void sendFile(near, file)
    await turn()
    const destroyed = connect({ port, host: '127.0.0.1', transport })
    void sendFile(destroyed, file)
    destroyed.destroy()
    await once(destroyed, 'close')
    await turn()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    server.close()
  })

  it('leaves a connection alone that was made anew meanwhile', async () => {
    const { near, far } = await connected(transport)
    far.pause()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const outcome = code(sendFile(near, file))
    while (near.bytesWritten === 0) await turn()
    near.destroy()
    near.connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    const [again] = (await once(server, 'connection')) as [NodeSocket]
    expect(['ERR_SOCKET_CLOSED', 'ECANCELED']).toContain(await outcome)
    const sent = sendFile(near, file, { end: 4 })
    near.write('>')
    const chunks: Buffer[] = []
    again.on('data', (chunk: Buffer) => chunks.push(chunk))
    expect(await sent).toBe(5)
    while (Buffer.concat(chunks).length < 6) await turn()
    expect(Buffer.concat(chunks)).toEqual(Buffer.concat([large.subarray(0, 5), Buffer.from('>')]))
    for (const socket of [again, near, far]) socket.destroy()
    server.close()
  })

  it('refuses wrong arguments at once', async () => {
    const { near, far } = await connected(transport)
    const thrown = (...args: unknown[]) => {
      try {
        void sendFile(...(args as [Socket, string]))
      } catch (error) {
        return (error as NodeJS.ErrnoException).code
      }
      return undefined
    }
    expect(thrown({}, file)).toBe('ERR_INVALID_ARG_TYPE')
    expect(thrown(near, null)).toBe('ERR_INVALID_ARG_TYPE')
    expect(thrown(near, -1)).toBe('ERR_INVALID_ARG_TYPE')
    expect(thrown(near, file, { start: -1 })).toBe('ERR_OUT_OF_RANGE')
    expect(thrown(near, file, { start: 5, end: 4 })).toBe('ERR_OUT_OF_RANGE')
    expect(thrown(near, file, { start: 'x' })).toBe('ERR_INVALID_ARG_TYPE')
    expect(thrown(near, file, { signal: {} })).toBe('ERR_INVALID_ARG_TYPE')
    near.destroy()
    far.destroy()
  })
})
