// Clients that come back: servers that are not there yet, die, or refuse; what becomes of what is under way.
import { once } from 'node:events'
import path from 'node:path'
import type { Server } from '@x/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Channel,
  type Client,
  type ClientOptions,
  createChannel,
  createClient,
  listen,
} from '../src/index'
import { deferred } from './channels'
import { Program } from './processes'
import { temporaryFolder } from './wires'

let folder = ''
let remove = () => {}
const programs: Program[] = []
const clients: { destroy(): void }[] = []
const servers: Server[] = []
const channels: Channel[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  for (const channel of channels.splice(0)) channel.destroy()
  for (const program of programs.splice(0)) await program.stop()
  for (const server of servers.splice(0)) if (server.listening) await stop(server)
  remove()
})

const at = () => path.join(folder, 's')

async function stop(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

async function daemon(): Promise<Program> {
  const program = new Program('daemon.mjs', { args: [at()] })
  programs.push(program)
  expect(await program.line()).toBe('listening')
  return program
}

/** A server of this process, whose channels end with the test. */
async function serve(each: (channel: Channel) => void): Promise<Server> {
  const server = await listen(at(), {}, socket => {
    const channel = createChannel(socket)
    channels.push(channel)
    each(channel)
  })
  servers.push(server)
  return server
}

interface DaemonProcedures {
  add(pair: readonly [number, number]): number
  pid(): number
  slow(): Promise<null>
  bytes(bytes: Uint8Array): number
  fail(): never
}

function client(options: ClientOptions = {}): Client<DaemonProcedures> {
  const made = createClient<DaemonProcedures>(at(), { firstDelayMs: 5, mostDelayMs: 20, ...options })
  clients.push(made)
  return made
}

const code = (name: string) => expect.objectContaining({ code: name })

describe('a client', () => {
  it('[I7] waits for a server that is not there yet, and sends in order what was asked before', async () => {
    const one = client()
    const asked = [one.call.add([1, 2]), one.call.pid()]
    void one.send('first')
    void one.send('second')
    const [error] = (await once(one, 'down')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ENOENT')
    expect(one.queued).toBeGreaterThan(0)
    const program = await daemon()
    expect(await Promise.all(asked)).toEqual([3, program.process.pid])
    expect([await program.line(), await program.line()]).toEqual(['heard first', 'heard second'])
    expect(one.queued).toBe(0)
  })

  it('[I7] comes back after its server was killed, and says which request may have been executed', async () => {
    const first = await daemon()
    const one = client()
    expect(await one.call.pid()).toBe(first.process.pid)
    const lost = one.call.slow()
    lost.catch(() => {})
    expect(await first.line()).toBe('slow runs')
    const down = once(one, 'down') as Promise<[NodeJS.ErrnoException, number]>
    await first.stop('SIGKILL')
    await expect(lost).rejects.toEqual(code('ERR_X_OUTCOME_UNKNOWN'))
    expect((await down)[0].code).toBe('ERR_X_CHANNEL_LOST')
    const later = one.call.pid()
    const second = await daemon()
    expect(await later).toBe(second.process.pid)
  })

  it('[I7] sends again what may be executed twice', async () => {
    const first = await daemon()
    const one = client()
    const asked = one.request(null, { name: 'slow', repeatable: true })
    expect(await first.line()).toBe('slow runs')
    await first.stop('SIGKILL')
    const second = await daemon()
    expect(await second.line()).toBe('slow runs')
    await second.stop('SIGKILL')
    await one.close()
    await expect(asked).rejects.toEqual(code('ERR_X_OUTCOME_UNKNOWN'))
  })

  it('[I7] keeps deadlines over attempts, and says whether it may have been executed', async () => {
    const one = client()
    await expect(one.request(1, { timeoutMs: 10 })).rejects.toMatchObject({
      code: 'ERR_X_REQUEST_TIMEOUT',
      mayHaveRun: false,
    })
    const program = await daemon()
    await once(one, 'up')
    const asked = one.request(null, { name: 'slow', timeoutMs: 200 })
    expect(await program.line()).toBe('slow runs')
    await expect(asked).rejects.toMatchObject({ code: 'ERR_X_REQUEST_TIMEOUT', mayHaveRun: true })
  })

  it('[I7] runs its hook on each connection before the queue goes on', async () => {
    const heard: unknown[] = []
    let accepted: Channel | null = null
    await serve(channel => {
      accepted = channel
      channel.serve(value => {
        heard.push(value)
        return value
      })
    })
    let times = 0
    const one = client({
      onConnect: async channel => {
        await new Promise(resolve => setImmediate(resolve))
        await channel.request(`hello ${++times}`)
      },
    })
    await one.request('a')
    const down = once(one, 'down')
    accepted!.destroy()
    await down
    await one.request('b')
    expect(heard).toEqual(['hello 1', 'a', 'hello 2', 'b'])
  })

  it('[I7] gives a connection up whose hook fails, or that is not ready in time', async () => {
    await serve(channel => channel.serve(value => value))
    let times = 0
    const one = client({
      onConnect: () => {
        if (++times === 1) throw new Error('not welcome')
      },
    })
    const down = once(one, 'down')
    expect((await one.request('x')).value).toBe('x')
    expect((await down)[0]).toMatchObject({ message: 'not welcome' })
    const slow = client({ connectTimeoutMs: 10, onConnect: () => new Promise(() => {}) })
    expect((await once(slow, 'down'))[0]).toMatchObject({ code: 'ERR_X_CHANNEL_SLOW' })
  })

  it('[I7] takes values as they were at the call', async () => {
    const one = client()
    const value = [1, 2]
    const bytes = Buffer.from('abc')
    const asked = [one.call.add(value as [number, number]), one.call.bytes(bytes)]
    value[0] = 100
    await daemon()
    expect(await Promise.all(asked)).toEqual([3, 3])
    expect(() => one.request(() => 0)).toThrowError(code('ERR_INVALID_ARG_TYPE'))
  })

  it('[I7] takes buffers and options as they were at the call', async () => {
    const one = client()
    const buffer = Buffer.from('before')
    const options = { buffers: [buffer] }
    const asked = one.request('text', options)
    buffer.write('AFTER!')
    options.buffers.push(buffer)
    await serve(channel => channel.serve((_value, { buffers }) => buffers.map(String)))
    expect((await asked).value).toEqual(['before'])
  })

  it('[I7] is told the truth by a daemon that is killed again and again while it works', async () => {
    const one = client()
    for (let round = 0; round < 5; round++) {
      const program = await daemon()
      const own = await one.call.pid()
      expect(own).toBe(program.process.pid)
      const asked = Array.from({ length: 50 }, (_, at) => one.call.add([at, 1]).catch(error => error.code))
      const slow = one.call.slow().catch(error => error.code)
      expect(await program.line()).toBe('slow runs')
      await program.stop('SIGKILL')
      expect(await slow).toBe('ERR_X_OUTCOME_UNKNOWN')
      // They were sent: nobody can know what became of those whose answer had not come.
      for (const [at, outcome] of (await Promise.all(asked)).entries())
        expect([at + 1, 'ERR_X_OUTCOME_UNKNOWN']).toContain(outcome)
    }
  })

  it('[I7] loses no request when a server closes in order and another takes its place', async () => {
    const answer = deferred<string>()
    const begun = deferred<void>()
    const first = deferred<Channel>()
    const executed: unknown[] = []
    const before = await serve(channel => {
      first.resolve(channel)
      channel.serve(value => {
        executed.push(value)
        begun.resolve()
        return answer.promise
      })
    })
    const one = client()
    const downs: unknown[] = []
    one.on('down', error => downs.push((error as NodeJS.ErrnoException).code))
    const slow = one.request('slow')
    await begun.promise
    const stopped = stop(before)
    const closed = (await first.promise).close()
    const late = one.request('late')
    answer.resolve('from the first')
    expect((await slow).value).toBe('from the first')
    await Promise.all([closed, stopped])
    await serve(channel => {
      channel.serve(value => {
        executed.push(value)
        return 'from the second'
      })
    })
    expect((await late).value).toBe('from the second')
    expect(executed).toEqual(['slow', 'late'])
    expect(downs[0]).toBe('ERR_X_CHANNEL_LOST')
    await one.close()
  })

  it('[I7] ends by close, by destroy and by its signal, and rejects what comes after', async () => {
    const controller = new AbortController()
    const one = client({ signal: controller.signal })
    const waiting = one.request('x')
    const closed = once(one, 'close')
    controller.abort()
    await closed
    await expect(waiting).rejects.toEqual(code('ERR_X_NOT_SENT'))
    await expect(one.request('y')).rejects.toEqual(code('ERR_X_NOT_SENT'))
    await daemon()
    const two = client()
    await once(two, 'up')
    await two.close()
    expect(two.channel).toBeNull()
  })

  it('[I7] gives one request up by its signal, whether it waits or is sent', async () => {
    const controller = new AbortController()
    const one = client()
    const waiting = one.request(null, { name: 'slow', signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toEqual(code('ABORT_ERR'))
    const program = await daemon()
    const other = new AbortController()
    const sent = one.request(null, { name: 'slow', signal: other.signal })
    await program.line()
    other.abort()
    await expect(sent).rejects.toEqual(code('ABORT_ERR'))
  })

  it('[I7] waits longer each time while it cannot connect', async () => {
    const one = client({ firstDelayMs: 2, mostDelayMs: 64 })
    const delays: number[] = []
    const enough = deferred<void>()
    one.on('down', (_error, delayMs) => {
      delays.push(delayMs)
      if (delays.length === 8) enough.resolve()
    })
    await enough.promise
    for (const [at, delayMs] of delays.entries()) {
      const longest = Math.min(64, 2 * 2 ** at)
      expect(delayMs).toBeGreaterThanOrEqual(longest / 2)
      expect(delayMs).toBeLessThanOrEqual(longest)
    }
  })

  it('[I7] hears the messages of each connection, and answers the requests of the server', async () => {
    const asked = deferred<unknown>()
    await serve(channel => {
      void channel.send('news')
      void channel.request(2, { name: 'twice' }).then(reply => asked.resolve(reply.value))
    })
    const one = client().serve({ twice: (value: number) => value * 2 })
    const [message] = await once(one, 'message')
    expect(message.value).toBe('news')
    expect(await asked.promise).toBe(4)
  })

  it('[I7] ends a connection, too, that the server has begun to close with its first bytes', async () => {
    const asked = deferred<string>()
    await serve(channel => {
      channel.request('wait').catch(error => asked.resolve(error.code))
      void channel.close({ timeoutMs: 0 })
    })
    const begun = deferred<void>()
    const one = client().serve(() => {
      begun.resolve()
      return new Promise(() => {})
    })
    const down = once(one, 'down')
    await begun.promise
    await down
    one.destroy()
    expect(await asked.promise).toBe('ERR_X_OUTCOME_UNKNOWN')
  })

  const moments: Record<string, (one: Client<{ echo(value: number): number }>) => ClientOptions | undefined> =
    {
      'its hook': one => ({ onConnect: () => void one.close() }),
      "'up'": one => void one.on('up', () => one.close()),
      "'down'": one => void one.on('down', () => one.close()),
    }
  for (const [name, closing] of Object.entries(moments)) {
    it(`[I7] may be closed in ${name}: what waits was not sent`, async () => {
      if (name !== "'down'") await serve(channel => channel.serve({ echo: (value: number) => value }))
      let options: ClientOptions | undefined
      const one = createClient<{ echo(value: number): number }>(at(), {
        firstDelayMs: 5,
        onConnect: channel => options?.onConnect?.(channel),
      })
      clients.push(one)
      options = closing(one)
      const closed = once(one, 'close')
      await expect(one.call.echo(1)).rejects.toEqual(code('ERR_X_NOT_SENT'))
      await closed
      expect(one.channel).toBeNull()
    })
  }

  it('[I7] takes calls in its hook, too: they go out after it', async () => {
    const heard: number[] = []
    await serve(channel => channel.serve({ echo: (value: number) => heard.push(value) }))
    const fromHook: Promise<number>[] = []
    const one = createClient<{ echo(value: number): number }>(at(), {
      onConnect: async channel => {
        fromHook.push(one.call.echo(2))
        await channel.request(0, { name: 'echo' })
      },
    })
    clients.push(one)
    await one.call.echo(1)
    await Promise.all(fromHook)
    expect(heard).toEqual([0, 1, 2])
  })

  it('[I7] says at once what is wrong with its arguments', () => {
    expect(() => createClient('a/b')).toThrowError(code('ERR_INVALID_ARG_VALUE'))
    expect(() => createClient('a', { mostDelayMs: 1 })).toThrowError(code('ERR_OUT_OF_RANGE'))
    expect(() => createClient('a', { onConnect: 1 as never })).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    expect(() => createClient('a', { channel: { frameLimitBytes: 1 } })).toThrowError(
      code('ERR_OUT_OF_RANGE'),
    )
  })
})
