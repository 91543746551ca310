// What a parity case works with: one implementation of net, wherever its network is, and a notebook for what is
// observed. It knows no case.
import { once } from 'node:events'
import type net from 'node:net'

/** The part of node:net that the cases use. */
export type Net = Pick<typeof net, 'createServer' | 'connect' | 'Socket' | 'Server'>

/** Where a case runs. */
export interface Bench {
  readonly net: Net
  /** A fresh place for a local socket. */
  path(): string
}

/** What was observed, by name. Each value is one assertion of parity. */
export type Notes = Record<string, unknown>

export type Case = (bench: Bench) => Promise<Notes>

/** Notes the order of events. `data` and `error` are told with what they bring. */
export function eventsOf(emitter: NodeJS.EventEmitter, names: readonly string[]): string[] {
  const seen: string[] = []
  for (const name of names) {
    emitter.on(name, (argument: unknown) => {
      if (name === 'data') seen.push(`data ${argument}`)
      else if (argument instanceof Error) seen.push(`${name} ${(argument as NodeJS.ErrnoException).code}`)
      else seen.push(typeof argument === 'boolean' ? `${name} ${argument}` : name)
    })
  }
  return seen
}

export async function listening(server: net.Server, where: net.ListenOptions): Promise<number> {
  server.listen(where)
  await once(server, 'listening')
  const at = server.address()
  return at && typeof at === 'object' ? at.port : 0
}

/** A server, a client and the server's end of it. */
export async function connected(
  bench: Bench,
  options: { server?: net.ServerOpts; client?: object; where?: net.ListenOptions } = {},
) {
  const { where = { port: 0, host: '127.0.0.1' } } = options
  const server = bench.net.createServer(options.server ?? {})
  const port = await listening(server, where)
  const accepting = once(server, 'connection') as Promise<[net.Socket]>
  const at = where.path === undefined ? { port, host: where.host ?? '127.0.0.1' } : { path: where.path }
  const client = bench.net.connect({ ...at, ...options.client } as net.NetConnectOpts)
  const [[peer]] = await Promise.all([accepting, once(client, 'connect')])
  return { server, client, peer, port }
}

export async function closeAll(server: net.Server, ...sockets: net.Socket[]): Promise<void> {
  for (const socket of sockets) {
    if (socket.closed) continue
    socket.on('error', () => {})
    const closed = closeOf(socket)
    socket.destroy()
    await closed
  }
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  await closed
}

/** The code of what a call throws, or what it returned. */
export function thrown(call: () => unknown): string {
  try {
    call()
    return 'nothing'
  } catch (error) {
    return `${(error as NodeJS.ErrnoException).code}: ${(error as Error).message.split('\n')[0]}`
  }
}

/** An error's fields, without the port that a run happens to have. */
export function fieldsOf(
  error: NodeJS.ErrnoException & { address?: string; port?: number },
  port?: number,
): Notes {
  return {
    code: error.code,
    errno: error.errno,
    syscall: error.syscall,
    address: error.address,
    hasPort: error.port === port,
    message: error.message.replace(String(port), 'PORT'),
    isError: error instanceof Error,
  }
}

/** The close of what may fail before. */
export function closeOf(emitter: NodeJS.EventEmitter): Promise<void> {
  return new Promise(resolve => emitter.once('close', () => resolve()))
}

export async function errorOf(emitter: NodeJS.EventEmitter): Promise<NodeJS.ErrnoException> {
  const [error] = (await once(emitter, 'error')) as [NodeJS.ErrnoException]
  return error
}

/** Collects text until the end. */
export function textUntilEnd(socket: net.Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  return new Promise(resolve => socket.once('end', () => resolve(text)))
}
