// The network of a simulation: hosts by name and address, a link for each direction between two of them, and what
// may happen to links. It knows topology; how a segment travels is the lane's.
import { errno, type Lookup, type Status, type TcpAddress } from '@x/core/transport'
import { directLanes } from '../network/direct-lane'
import type { Fabric, LaneRequest, Lanes } from '../network/fabric'
import { answerLookup } from '../network/names'
import { Stack } from '../network/stack'
import type { Driver } from './driver'
import { Link, type LinkOptions } from './link'
import type { Misfortunes } from './misfortunes'
import type { Random } from './random'
import type { SimulatedHost } from './simulated-host'
import { TcpLane, type TcpSurroundings } from './tcp-lane'
import type { Trace } from './trace'
import type { VirtualClock } from './virtual-clock'
import { bindToLife } from './world'

/** One host or several. */
export type Hosts = SimulatedHost | readonly SimulatedHost[]

/** Takes back what it stands for; `using` does it at the end of a block. */
export interface Repair {
  (): void
  [Symbol.dispose](): void
}

/** Links and their misfortunes, as a simulation's code sees them. */
export interface SimulatedNetwork {
  /** Sets the links between two hosts, both ways. Only what is named changes. */
  link(a: Hosts, b: Hosts, options: LinkOptions): void
  /** Sets the link from one host to another, that way alone. */
  linkOneWay(from: Hosts, to: Hosts, options: LinkOptions): void
  /** Nothing passes between the two sides until it is repaired. TCP repeats what it sent, and gives up in the end. */
  partition(a: Hosts, b: Hosts): Repair
  /** Nothing passes from one side to the other; the way back stands. */
  partitionOneWay(from: Hosts, to: Hosts): Repair
  /** Cuts a host off from all others. */
  isolate(host: SimulatedHost): Repair
  /** Repairs the links between two sides, or all of them. */
  repair(a?: Hosts, b?: Hosts): void
}

/** What a network needs of its simulation. */
export interface NetworkSurroundings {
  readonly clock: VirtualClock
  readonly driver: Driver
  readonly random: Random
  readonly trace: Trace
  readonly misfortunes: Misfortunes
  readonly defaults: LinkOptions
  readonly capacityBytes: number
}

/** The hosts of a simulation and the links between them. */
export class NetworkModel implements SimulatedNetwork {
  readonly #around: NetworkSurroundings
  readonly #fabric: Fabric
  readonly #stacks: Stack[] = []
  readonly #hosts = new Map<Stack, SimulatedHost>()
  readonly #links = new Map<string, Link>()

  constructor(around: NetworkSurroundings) {
    this.#around = around
    const lookup: Lookup = (hostname, options, callback) =>
      answerLookup(
        job => around.driver.post(bindToLife(job)),
        name => this.#named(name)?.addresses,
        hostname,
        options,
        callback,
      )
    this.#fabric = {
      name: 'simulated',
      capacityBytes: around.capacityBytes,
      lookup,
      clock: around.clock,
      post: (job, context) => around.driver.post(context ? () => context.runInAsyncScope(job) : job),
      route: (from, to) => this.#route(from, to),
      lanes: request => this.#lanes(request),
      hold: () => {},
    }
  }

  /** A stack for a new host; names and addresses are taken once. */
  addStack(name: string, addresses: readonly string[] | undefined): Stack {
    if (this.#named(name)) throw new Error(`there is a host ${name} already`)
    const own = addresses ?? [this.#freeAddress()]
    for (const address of own) {
      const other = this.#stacks.find(stack => stack.addresses.includes(address))
      if (other) throw new Error(`${address} is ${other.host}'s address already`)
    }
    const stack = new Stack(this.#fabric, name, own)
    this.#stacks.push(stack)
    return stack
  }

  addHost(stack: Stack, host: SimulatedHost): void {
    this.#hosts.set(stack, host)
  }

  link(a: Hosts, b: Hosts, options: LinkOptions): void {
    this.linkOneWay(a, b, options)
    this.linkOneWay(b, a, options)
  }

  linkOneWay(from: Hosts, to: Hosts, options: LinkOptions): void {
    for (const link of this.#between(from, to)) link.set(options)
    this.#around.trace.note(`link ${namesOf(from)} > ${namesOf(to)} ${JSON.stringify(options)}`)
  }

  partition(a: Hosts, b: Hosts): Repair {
    if (!this.#around.misfortunes.befall(`partition ${namesOf(a)} | ${namesOf(b)}`)) return repair(() => {})
    this.#cut(a, b, true)
    this.#cut(b, a, true)
    return repair(() => this.repair(a, b))
  }

  partitionOneWay(from: Hosts, to: Hosts): Repair {
    if (!this.#around.misfortunes.befall(`partition ${namesOf(from)} > ${namesOf(to)}`))
      return repair(() => {})
    this.#cut(from, to, true)
    return repair(() => this.#cut(from, to, false))
  }

  isolate(host: SimulatedHost): Repair {
    return this.partition(
      host,
      [...this.#hosts.values()].filter(other => other !== host),
    )
  }

  repair(a?: Hosts, b?: Hosts): void {
    const all = [...this.#hosts.values()]
    this.#cut(a ?? all, b ?? all, false)
    this.#cut(b ?? all, a ?? all, false)
  }

  #cut(from: Hosts, to: Hosts, isCut: boolean): void {
    this.#around.trace.note(`${isCut ? 'cut' : 'repair'} ${namesOf(from)} > ${namesOf(to)}`)
    for (const link of this.#between(from, to)) link.isCut = isCut
  }

  #between(from: Hosts, to: Hosts): Link[] {
    const links: Link[] = []
    for (const one of listOf(from)) {
      for (const other of listOf(to)) if (one !== other) links.push(this.#linkOf(one.name, other.name))
    }
    return links
  }

  #linkOf(from: string, to: string): Link {
    const key = `${from}\n${to}`
    const known = this.#links.get(key)
    if (known) return known
    const link = new Link(this.#around.misfortunes)
    link.set(this.#around.defaults)
    this.#links.set(key, link)
    return link
  }

  #named(name: string): Stack | undefined {
    return this.#stacks.find(stack => stack.host === name)
  }

  #freeAddress(): string {
    for (let number = Math.max(1, this.#stacks.length); ; number++) {
      const address = `10.0.${number >> 8}.${number & 255}`
      if (!this.#stacks.some(stack => stack.addresses.includes(address))) return address
    }
  }

  #route(from: Stack, to: TcpAddress): Stack | Status {
    if (from.owns(to.address)) return from
    return this.#stacks.find(stack => stack.addresses.includes(to.address)) ?? errno('EHOSTUNREACH')
  }

  #lanes(request: LaneRequest): Lanes {
    const { from, to } = request
    // Within a host nothing takes time.
    if (from === to) return directLanes(request, this.#around.capacityBytes)
    const here = `${from.host} ${request.fromLabel}`
    const there = `${to.host} ${request.toLabel}`
    return TcpLane.pair(
      request,
      this.#surroundings(from, to, `${here} > ${there}`),
      this.#surroundings(to, from, `${there} > ${here}`),
    )
  }

  #surroundings(from: Stack, to: Stack, label: string): TcpSurroundings {
    const { clock, random, trace, capacityBytes } = this.#around
    const link = this.#linkOf(from.host, to.host)
    return {
      link,
      label,
      from,
      to,
      capacityBytes,
      now: () => clock.nowMs,
      pass: bytes => link.pass(bytes, clock.nowMs, random),
      after: (ms, job) => this.#after(ms, job),
      note: (text, payload) => trace.note(text, payload),
    }
  }

  #after(ms: number, job: () => void): () => void {
    if (ms > 0) return this.#around.clock.after(ms, job)
    let isCancelled = false
    this.#around.driver.post(() => {
      if (!isCancelled) job()
    })
    return () => {
      isCancelled = true
    }
  }
}

function repair(back: () => void): Repair {
  return Object.assign(back, { [Symbol.dispose]: back })
}

function listOf(hosts: Hosts): readonly SimulatedHost[] {
  return Array.isArray(hosts) ? hosts : [hosts as SimulatedHost]
}

function namesOf(hosts: Hosts): string {
  return listOf(hosts)
    .map(host => host.name)
    .join(',')
}
