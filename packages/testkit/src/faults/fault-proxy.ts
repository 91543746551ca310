// A real proxy between real processes, under rules. It pumps bytes; what happens to them is the rules' part.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from '@x/core'
import { validateObject } from '@x/core/internal'
import { selectTransport, type Transport } from '@x/core/transport'
import { validatePlace, validateTransport } from '../arguments'
import { type FaultyTransport, faulty } from './faulty'
import type { Guard, Rule } from './rule'

/** An address of a server: a port, or the path of a local socket. */
export type Place = { readonly port: number; readonly host?: string } | { readonly path: string }

/** How a proxy is made. */
export interface FaultProxyOptions {
  /** The address of the real server. */
  upstream: Place
  /** Where the proxy listens. Default: port 0 of 127.0.0.1. */
  listen?: Place
  /** Rules that apply from the start. For rules, `read` is what the client sends and `write` what it receives. */
  rules?: readonly Rule[]
  /** Decides the rules' chance. Default 1. */
  seed?: number | string
  /** Whose network. Default: the system's. */
  transport?: Transport
}

/** A running proxy. */
export class FaultProxy {
  readonly #options: FaultProxyOptions
  readonly #transport: Transport
  readonly #faulty: FaultyTransport
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #server: Server | null = null
  #place: Place

  /** Made by `faultProxy()`. */
  constructor(options: FaultProxyOptions) {
    validateObject(options, 'options')
    const { upstream, listen, transport } = options
    validatePlace(upstream, 'options.upstream')
    if (listen !== undefined) validatePlace(listen, 'options.listen')
    if (transport !== undefined) validateTransport(transport, 'options.transport')
    this.#options = options
    this.#transport = transport ?? selectTransport().transport
    this.#faulty = faulty(this.#transport, options.rules ?? [], { seed: options.seed ?? 1 })
    this.#place = listen ?? { port: 0, host: '127.0.0.1' }
  }

  /** Where clients connect: what `connect()` takes. */
  get place(): Place {
    return this.#place
  }

  /** The proxy's port; 0 on a path. */
  get port(): number {
    return 'port' in this.#place ? this.#place.port : 0
  }

  /** Connections that stand now. */
  get connections(): number {
    return this.#pairs.size
  }

  /** Puts a rule in force while the proxy runs; the guard takes it off again. */
  add(rule: Rule): Guard {
    return this.#faulty.add(rule)
  }

  /** Takes all rules off. */
  clear(): void {
    this.#faulty.clear()
  }

  /** Resets all connections. New ones are welcome. */
  resetAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  /** Stops listening and resets all connections: what connects is refused until the proxy is `up()` again. */
  async down(): Promise<void> {
    const server = this.#server
    this.#server = null
    this.resetAll()
    if (!server) return
    server.close()
    await once(server, 'close')
  }

  /** Listens again, at the same place. */
  async up(): Promise<void> {
    if (this.#server) return
    const server = createServer({ transport: this.#faulty, allowHalfOpen: true }, client =>
      this.#join(client),
    )
    this.#server = server
    server.listen(this.#place)
    await once(server, 'listening')
    const at = server.address()
    if (at !== null && typeof at === 'object') this.#place = { port: at.port, host: at.address }
  }

  /** Ends the proxy and its connections. */
  close(): Promise<void> {
    return this.down()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #join(client: Socket): void {
    const upstream = connect({ ...this.#options.upstream, allowHalfOpen: true, transport: this.#transport })
    const pair = [client, upstream] as const
    this.#pairs.add(pair)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.pipe(other)
      // A failure on one side is a reset on the other, as if the proxy were not there.
      socket.on('error', () => other.resetAndDestroy())
      socket.on('close', () => {
        this.#pairs.delete(pair)
        if (!socket.readableEnded) other.destroy()
      })
    }
  }
}

/**
 * Starts a proxy in front of a real server: TCP or a local socket, on either side. Its rules can be changed while it
 * runs. Rejects with the system's error if it cannot listen; if the server cannot be reached, the client is reset.
 *
 * @example
 * await using proxy = await faultProxy({ upstream: { port: 6379 } })
 * proxy.add(faults.latency({ ms: 200 }))
 */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new FaultProxy(options)
  await proxy.up()
  return proxy
}
