// The network stack of one virtual host: what is bound there, and how a connection is dialled from it. It is the
// Transport that the classes see; distance and time are its fabric's.
import { AsyncResource } from 'node:async_hooks'
import path from 'node:path'
import {
  type Address,
  type BindFlags,
  type Clock,
  errno,
  type Feature,
  type HandleKind,
  type Lookup,
  type Status,
  type TcpAddress,
  type Transport,
} from '@x/core/transport'
import { ClientEnd, ServerEnd } from './ends'
import type { Call, Pollable, Watcher } from './event-loop'
import type { Fabric, Lanes } from './fabric'
import { canonicalIp, formatTcp, isLoopback, isWildcard, lacksScope, unmapIp } from './ip-address'
import { VirtualListener } from './listener'
import { type PortClaim, PortTable } from './ports'
import { VirtualStream } from './stream'

const PAIR_HOST = { family: 'IPv4', address: '127.0.0.1' } as const

/** Linux's `sun_path` (unix(7)): a path ends with a NUL, an abstract name begins with one. */
const PATH_BYTES = 107
const ABSTRACT_BYTES = 108

/** The lanes of a connection, with the server's end once there is one. */
interface Route extends Lanes {
  bindServer(stream: VirtualStream): void
}

/** Hears of every handle of every stack of this process. */
export interface StackWatcher {
  opened(handle: VirtualStream | VirtualListener): void
  closed(handle: VirtualStream | VirtualListener): void
}

const watchers = new Set<StackWatcher>()

/** Watches all stacks, for the leak check. Returns what ends it. */
export function watchStacks(watcher: StackWatcher): () => void {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

/** One host of a virtual network. */
export class Stack implements Transport {
  readonly name: string
  /** The host's name, in traces. */
  readonly host: string
  readonly addresses: readonly string[]
  readonly lookup: Lookup
  readonly clock: Clock
  readonly descriptors = null
  readonly #fabric: Fabric<Stack>
  readonly #ports = new PortTable()
  readonly #listeners = new Map<PortClaim, VirtualListener>()
  readonly #paths = new Map<string, VirtualListener>()
  readonly #handles = new Set<VirtualStream | VirtualListener>()
  #sharedTurn = 0
  #life = 0
  /** False between a crash and the next start. */
  isPowered = true
  /** Counts the crashes: connections of before are unknown afterwards. */
  boots = 0

  constructor(fabric: Fabric<Stack>, host: string, addresses: readonly string[]) {
    this.#fabric = fabric
    this.name = fabric.name
    this.host = host
    this.addresses = addresses
    this.lookup = fabric.lookup
    this.clock = fabric.clock
  }

  /** Counts the starts of what runs here. */
  get life(): number {
    return this.#life
  }

  /** Handles that were made and not closed. */
  get openHandles(): number {
    return this.#handles.size
  }

  supports(_feature: Feature): boolean {
    return true
  }

  listener(kind: HandleKind): VirtualListener {
    return new VirtualListener(kind, this)
  }

  stream(kind: HandleKind): VirtualStream {
    return new VirtualStream(kind, this)
  }

  /** Two streams that are connected to each other, without a listener. */
  pair(kind: HandleKind): [VirtualStream, VirtualStream] {
    const context = new AsyncResource('X_VIRTUAL_STREAM', { requireManualDestroy: true })
    const streams = [new VirtualStream(kind, this, context), new VirtualStream(kind, this, context)] as const
    const [one, other] = streams
    const ports = [0, 0].map(() => this.#ports.claim({ ...PAIR_HOST, port: 0 }, {}) as PortClaim)
    const [here, there] = ports.map((claim): Address => (kind === 'tcp' ? claim.at : { path: '' }))
    const lanes = this.#lanes(one, this, null)
    one.route(here!, there!, lanes.outward, lanes.homeward)
    other.route(there!, here!, lanes.homeward, lanes.outward)
    one.hold(ports[0]!)
    other.hold(ports[1]!)
    lanes.bindServer(other)
    other.join(one)
    one.join(other)
    return [one, other]
  }

  /** There are no descriptors here. */
  adopt(_fd: number, _as: 'listener' | 'stream'): Status & never {
    return errno('ENOTSUP') as Status & never
  }

  /** The descriptor of a handle, on the loop of what runs here. */
  watcher(target: Pollable): Watcher {
    return this.#fabric.loop.watcher(target)
  }

  /** What a handle that has closed calls at its end, in the context that it belongs to. */
  closed(context: AsyncResource | null, calls: readonly Call[]): void {
    const life = this.#life
    const isHere = () => life === this.#life
    this.#fabric.loop.closed(context, function* () {
      for (const call of calls) if (isHere()) yield call
    })
  }

  hold(by: 1 | -1): void {
    this.#fabric.hold(by)
  }

  register(handle: VirtualStream | VirtualListener): void {
    this.#handles.add(handle)
    for (const watcher of watchers) watcher.opened(handle)
  }

  unregister(handle: VirtualStream | VirtualListener): void {
    this.#handles.delete(handle)
    for (const watcher of watchers) watcher.closed(handle)
  }

  /** What runs here is gone, and its system closes what it left open. */
  kill(): void {
    for (const handle of [...this.#handles]) handle.close()
    this.#forget()
  }

  /** Everything that runs here is gone; nobody is told. */
  crash(): void {
    this.isPowered = false
    this.boots++
    for (const handle of [...this.#handles]) {
      handle.vanish()
      this.unregister(handle)
    }
    this.#forget()
  }

  #forget(): void {
    this.#life++
    this.#handles.clear()
    this.#listeners.clear()
    this.#paths.clear()
    this.#ports.clear()
  }

  owns(address: string): boolean {
    return isLoopback(address) || this.addresses.includes(address)
  }

  claim(at: TcpAddress, flags: BindFlags): PortClaim | Status {
    const address = canonicalIp(at.address)
    if (address === null || address.includes(':') !== (at.family === 'IPv6')) return errno('EINVAL')
    if (lacksScope(address)) return errno('EINVAL')
    if (!isWildcard(address) && !this.owns(unmapIp(address) ?? address)) return errno('EADDRNOTAVAIL')
    return this.#ports.claim({ family: at.family, address, port: at.port }, flags)
  }

  listenTcp(claim: PortClaim, listener: VirtualListener): Status {
    const status = this.#ports.listen(claim)
    if (status === 0) this.#listeners.set(claim, listener)
    return status
  }

  claimPath(path: string, listener: VirtualListener): Status {
    const refusal = refusalOf(path)
    if (refusal < 0) return refusal
    const place = placeOf(path)
    // Nothing can be bound in the place of a folder: libuv answers this one.
    if (place.endsWith('/')) return errno('EACCES')
    if (this.#paths.has(place)) return errno('EADDRINUSE')
    this.#paths.set(place, listener)
    return 0
  }

  releasePath(path: string, listener: VirtualListener): void {
    const place = placeOf(path)
    if (this.#paths.get(place) === listener) this.#paths.delete(place)
  }

  dialPath(client: VirtualStream, path: string): Status {
    const refusal = refusalOf(path)
    if (refusal < 0) return refusal
    const lanes = this.#lanes(client, this, null, () => this.#receivePath(client, lanes, path))
    client.route({ path: '' }, { path }, lanes.outward, lanes.homeward)
    lanes.outward.send({ kind: 'syn', payload: null })
    return 0
  }

  #receivePath(client: VirtualStream, lanes: Route, path: string): boolean {
    const listener = this.#paths.get(placeOf(path))
    const missing = path.startsWith('\0') ? 'ECONNREFUSED' : 'ENOENT'
    if (listener?.isListening) return this.#receive(listener, client, lanes, { path }, { path: '' })
    client.refused(errno(listener ? 'ECONNREFUSED' : missing))
    return false
  }

  dialTcp(client: VirtualStream, to: TcpAddress, bound: TcpAddress | null): Status {
    const address = canonicalIp(to.address)
    if (address === null || address.includes(':') !== (to.family === 'IPv6')) return errno('EINVAL')
    const mapped = unmapIp(address)
    const plain = mapped ?? (isWildcard(address) ? loopbackFor(to.family) : address)
    const target = { family: familyOf(plain), address: plain, port: to.port }
    const other = this.#fabric.route(this, target)
    if (typeof other === 'number') return this.#refuseLater(client, other)
    const source = this.#sourceFor(target, bound)
    if (source === null) return this.#refuseLater(client, errno('ENETUNREACH'))
    const claim = bound ? null : this.#claimSource(source, target)
    if (typeof claim === 'number') return this.#refuseLater(client, errno('EADDRNOTAVAIL'))
    const from = { ...source, port: claim?.at.port ?? bound?.port ?? 0 }
    const isTaken = (handle: VirtualStream | VirtualListener) =>
      handle instanceof VirtualStream && handle !== client && handle.isBetween(from, target)
    if (bound && [...this.#handles].some(isTaken)) return this.#refuseLater(client, errno('EADDRNOTAVAIL'))
    const received = () => other.#receiveTcp(client, lanes, from, target)
    const lanes = this.#lanes(client, other, { from, to: target }, received)
    const show = (at: TcpAddress) => (mapped === null ? at : asMapped(at))
    client.route(show(from), show({ ...target, address: plain }), lanes.outward, lanes.homeward)
    if (claim) client.hold(claim)
    // A socket that dials itself meets its own SYN (RFC 9293 3.5, simultaneous open).
    if (formatTcp(from) === formatTcp(target)) {
      lanes.bindServer(client)
      client.established(client)
      return 0
    }
    lanes.outward.send({ kind: 'syn', payload: null })
    return 0
  }

  /** A SYN has come. False: it has no effect, and may come again. */
  #receiveTcp(client: VirtualStream, lanes: Route, from: TcpAddress, to: TcpAddress): boolean {
    const claims = this.#ports.find(to.address, to.family, to.port)
    const claim = claims.length > 1 ? claims[this.#sharedTurn++ % claims.length] : claims[0]
    const listener = claim && this.#listeners.get(claim)
    if (!claim || !listener?.isListening) {
      lanes.homeward.reset()
      return false
    }
    const show = (at: TcpAddress) => (claim.at.family === at.family ? at : asMapped(at))
    return this.#receive(listener, client, lanes, show(to), show(from))
  }

  #receive(
    listener: VirtualListener,
    client: VirtualStream,
    lanes: Route,
    local: Address,
    remote: Address,
  ): boolean {
    return listener.offer({
      isRepeating: lanes.outward.isRepeating,
      admit: context => {
        const server = new VirtualStream(client.kind, this, context)
        server.route(local, remote, lanes.homeward, lanes.outward)
        lanes.bindServer(server)
        return server
      },
      answer: (server, confirmed, dropped) => server.answer(client, confirmed, dropped),
      refuse: status => client.refused(status),
    })
  }

  /** `received`: a SYN has come; false where it has no effect. */
  #lanes(
    client: VirtualStream,
    to: Stack,
    ends: { from: TcpAddress; to: TcpAddress } | null,
    received = () => true,
  ): Route {
    const server = new ServerEnd(received)
    const lanes = this.#fabric.lanes({
      client: { stack: this, at: ends?.from ?? null, end: new ClientEnd(client, server) },
      server: { stack: to, at: ends?.to ?? null, end: server },
    })
    return {
      ...lanes,
      bindServer(stream: VirtualStream) {
        server.stream = stream
      },
    }
  }

  #sourceFor(target: TcpAddress, bound: TcpAddress | null): Omit<TcpAddress, 'port'> | null {
    const { family } = target
    if (bound && !isWildcard(bound.address))
      return { family, address: unmapIp(bound.address) ?? bound.address }
    if (this.owns(target.address)) {
      return { family, address: isLoopback(target.address) ? loopbackFor(family) : target.address }
    }
    const address = this.addresses.find(own => familyOf(own) === family)
    return address === undefined ? null : { family, address }
  }

  /** A port to connect from: by chance nobody meets itself, as Linux's ports for `connect` and for `bind` are apart. */
  #claimSource(source: Omit<TcpAddress, 'port'>, target: TcpAddress): PortClaim | Status {
    const claim = this.#ports.claim({ ...source, port: 0 }, { reuseAddress: false })
    if (typeof claim === 'number' || formatTcp(claim.at) !== formatTcp(target)) return claim
    const other = this.#ports.claim({ ...source, port: 0 }, { reuseAddress: false })
    claim.release()
    return other
  }

  #refuseLater(client: VirtualStream, status: Status): Status {
    client.refused(status)
    return 0
  }
}

/** Why a path is none: empty, with a NUL inside, or too long; 0 where it is one. */
function refusalOf(path: string): Status {
  const isAbstract = path.startsWith('\0')
  if (path === '' || (!isAbstract && path.includes('\0'))) return errno('EINVAL')
  return Buffer.byteLength(path) <= (isAbstract ? ABSTRACT_BYTES : PATH_BYTES) ? 0 : errno('ENAMETOOLONG')
}

/** A path as seen from the root; an abstract name as it is. `a`, `./a` and `b/../a` are one place. */
function placeOf(name: string): string {
  if (name.startsWith('\0')) return name
  return path.resolve(name) + (name.endsWith('/') ? '/' : '')
}

function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}

function loopbackFor(family: 'IPv4' | 'IPv6'): string {
  return family === 'IPv4' ? '127.0.0.1' : '::1'
}

function asMapped(at: TcpAddress): TcpAddress {
  return at.family === 'IPv6' ? at : { family: 'IPv6', address: `::ffff:${at.address}`, port: at.port }
}
