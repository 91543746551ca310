// A port that is held, not guessed: a bound socket that nobody else can bind, until a server takes it. It knows how one
// is bound; who listens on it is the server's part.
import { once } from 'node:events'
import { BoundSocket, Server } from '@x/core'
import { listenerOf, validateBoolean, validateInteger, validatePort, validateString } from '@x/core/internal'
import { selectTransport, type Transport } from '@x/core/transport'
import { optionsOf, validateTransport } from '../arguments'

/** Options of a port lease. */
export interface LeaseOptions {
  /** Numeric address to bind. Default `127.0.0.1`. */
  host?: string
  /** That port and no other. Default: one that the system chooses. */
  port?: number
  /** Whose network. Default: the system's, through the transport of this process. */
  transport?: Transport
}

/**
 * A leased port, for `server.listen(lease)`. It is given back by `using` or `release()`, when the server that took it
 * closes, and by the system when the process ends, however that happens.
 */
export interface PortLease {
  readonly port: number
  readonly host: string
  /** The descriptor, to be passed to another process, which can `listen({ fd })`; -1 if there is none. */
  fd(): number
  /** Releases the port. Does nothing if a server has it, or after the first call. */
  release(): void
  [Symbol.dispose](): void
}

/**
 * Bound without `SO_REUSEADDR`, and not listening: connecting to it is refused, binding it is `EADDRINUSE` for every
 * other process and socket (socket(7)).
 */
class BoundLease extends BoundSocket implements PortLease {
  readonly port: number
  readonly host: string

  constructor(host: string, port: number, transport: Transport) {
    super({ host, port, reuseAddress: false, transport })
    const at = this.address() as { address: string; port: number }
    this.host = at.address
    this.port = at.port
  }

  release(): void {
    this[Symbol.dispose]()
  }
}

/** Where binding alone does not do: a server that listens, and closes what connects, until another listens on it. */
class ListeningLease extends Server implements PortLease {
  port = 0
  host = ''

  constructor(transport: Transport) {
    super({ transport }, socket => socket.destroy())
    this.unref()
  }

  async open(host: string, port: number): Promise<this> {
    this.listen({ host, port, exclusive: true })
    await once(this, 'listening')
    const at = this.address() as { address: string; port: number }
    this.host = at.address
    this.port = at.port
    return this
  }

  fd(): number {
    return listenerOf(this)?.fd ?? -1
  }

  release(): void {
    if (this.listening) this.close()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/**
 * Leases a port: binds it, and holds it until a server takes it. Rejects with `EADDRINUSE` for a `port` that is
 * taken. On the portable transport, which cannot bind without listening, connections made before a server takes the
 * port are closed rather than refused, and the lease has no descriptor.
 *
 * A `port` on which connections of before still wait for their end (TIME_WAIT, after a server of it was killed or has
 * closed connections) can be listened on, and not merely bound: its lease listens, and what connects before a server took
 * it is closed. Release such a lease when your server is closed.
 *
 * @example
 * using lease = await leasePort()
 * server.listen(lease)
 */
export async function leasePort(options?: LeaseOptions): Promise<PortLease> {
  const { host, port, transport } = readOptions(options)
  try {
    return await bindLease({ host, port, transport })
  } catch (error) {
    const mayListen = port !== 0 && transport.supports('sync-listen')
    if (!mayListen || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return new ListeningLease(transport).open(host, port)
  }
}

function readOptions(options: LeaseOptions | undefined): Required<LeaseOptions> {
  const { host = '127.0.0.1', port = 0, transport = selectTransport().transport } = optionsOf(options)
  validateString(host, 'options.host')
  validatePort(port, 'options.port')
  validateTransport(transport, 'options.transport')
  return { host, port, transport }
}

/** A lease of a port that is quite free. */
async function bindLease({ host, port, transport }: Required<LeaseOptions>): Promise<PortLease> {
  if (transport.supports('sync-listen')) return new BoundLease(host, port, transport)
  return new ListeningLease(transport).open(host, port)
}

/** Several leases. `using` releases all of them. */
export interface PortLeases extends ReadonlyArray<PortLease> {
  release(): void
  [Symbol.dispose](): void
}

/**
 * Where numbers are looked for: below the ports that systems give to outgoing connections (32768 and up on Linux), many of
 * which wait in TIME_WAIT on a busy machine.
 */
const FIRST_PORT = 10_000
const LAST_PORT = 32_767
const BLOCK_PORTS = LAST_PORT - FIRST_PORT + 1
/** All that an address has. */
const MOST_PORTS = 65_535

/**
 * Leases several ports at once.
 *
 * @param options `contiguous`: a block of ports, each the one before plus 1. They are
 * between 10000 and 32767; rejects with `EADDRINUSE` where no such block is free, with `ERR_OUT_OF_RANGE` for a block that
 * could never be.
 */
export async function leasePorts(
  count: number,
  options?: Omit<LeaseOptions, 'port'> & { contiguous?: boolean },
): Promise<PortLeases> {
  const { contiguous = false } = optionsOf(options)
  const where = { ...readOptions(options), port: 0 }
  validateBoolean(contiguous, 'options.contiguous')
  validateInteger(count, 'count', contiguous ? 1 : 0, contiguous ? BLOCK_PORTS : MOST_PORTS)
  return together(contiguous ? await leaseBlock(count, where) : await leaseSeveral(count, where))
}

async function leaseSeveral(count: number, where: Required<LeaseOptions>): Promise<PortLease[]> {
  const leases: PortLease[] = []
  try {
    while (leases.length < count) leases.push(await bindLease(where))
    return leases
  } catch (error) {
    for (const lease of leases) lease.release()
    throw error
  }
}

/** Goes along the ports from one that chance chooses, once around, and keeps what is free until something is not. */
async function leaseBlock(count: number, where: Required<LeaseOptions>): Promise<PortLease[]> {
  const start = Math.floor(Math.random() * BLOCK_PORTS)
  let block: PortLease[] = []
  let refusal: unknown
  const drop = () => {
    for (const lease of block) lease.release()
    block = []
  }
  for (let step = 0; step < BLOCK_PORTS + count && block.length < count; step++) {
    const port = FIRST_PORT + ((start + step) % BLOCK_PORTS)
    if (port === FIRST_PORT) drop()
    try {
      block.push(await bindLease({ ...where, port }))
    } catch (error) {
      drop()
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      refusal = error
    }
  }
  if (block.length === count) return block
  drop()
  throw refusal
}

function together(leases: PortLease[]): PortLeases {
  const release = () => {
    for (const lease of leases) lease.release()
  }
  return Object.assign(leases, { release, [Symbol.dispose]: release })
}

/**
 * The number of a port that was free a moment ago. Another process may take it before you do; `leasePort` has no such
 * moment. For programs that accept nothing but a number.
 *
 * It is between 10000 and 32767, below the ports that systems give to outgoing connections: no connection takes it in
 * between, and none that tries whether the program listens yet is connected to itself.
 */
export async function getPort(options?: LeaseOptions): Promise<number> {
  const where = readOptions(options)
  const leases = where.port === 0 ? await leaseBlock(1, where) : [await leasePort(options)]
  const [found] = leases.map(({ port }) => port)
  together(leases).release()
  return found!
}
