// The network of a simulation: hosts by name and address, a link for each direction between two of them, and what
// may happen to links. It knows topology; how a segment travels is the lane's.
import { codedError } from '@x/core/internal'
import { errno, type Lookup, type Status, type TcpAddress } from '@x/core/transport'
import { validateRules } from '../arguments'
import { eachOf } from '../each-of'
import type { Guard, Rule } from '../faults/rule'
import { RuleList } from '../faults/rule-list'
import { directLanes } from '../network/direct-lane'
import type { Fabric, LaneRequest, Lanes } from '../network/fabric'
import { answerLookup } from '../network/names'
import { Stack } from '../network/stack'
import type { Driver } from './driver'
import { Link } from './link'
import type { Misfortunes } from './misfortunes'
import { Arrivals, PromptLane } from './prompt-lane'
import type { Random } from './random'
import { SimulatedHost } from './simulated-host'
import { TcpLane } from './tcp-lane'
import type { Trace } from './trace'
import type { VirtualClock } from './virtual-clock'
import { bindToLife } from './world'

/** One host or several. */
export type Hosts = SimulatedHost | readonly SimulatedHost[]

/** Undoes the effect; `using` does so at the end of a block. */
export interface Repair {
  (): void
  [Symbol.dispose](): void
}

/** Links and their misfortunes, as a simulation's code sees them. */
export interface SimulatedNetwork {
  /**
   * The links between two hosts have these rules from now on, both ways, in place of those that they had. A link without
   * rules takes no time.
   */
  link(a: Hosts, b: Hosts, rules: readonly Rule[]): void
  /** As `link`, one way alone. */
  linkOneWay(from: Hosts, to: Hosts, rules: readonly Rule[]): void
  /** A rule for the packets of all links, before the rules of each link. The guard takes it off again. */
  add(rule: Rule): Guard
  /** Nothing passes between the two sides until it is repaired. TCP retransmits, and gives up in the end. */
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
  /** The rules of a link for which there are no others. */
  readonly defaults: readonly Rule[]
  readonly capacityBytes: number
}

/** The hosts of a simulation and the links between them. */
export class NetworkModel implements SimulatedNetwork {
  readonly #around: NetworkSurroundings
  readonly #fabric: Fabric<Stack>
  readonly #stacks: Stack[] = []
  readonly #hosts = new Map<Stack, SimulatedHost>()
  readonly #links = new Map<string, Link>()
  readonly #rules = new RuleList()
  #connections = 0
  readonly #arrivals: Arrivals

  constructor(around: NetworkSurroundings) {
    this.#around = around
    this.#arrivals = new Arrivals(error =>
      around.driver.post(() => {
        throw error
      }),
    )
    this.#rules.onChange(() => eachOf([...this.#links.values()], link => link.reconsider()))
    this.#fabric = {
      name: 'simulated',
      lookup: this.lookup,
      clock: around.clock,
      loop: around.driver.loop,
      route: (from, to) => this.#route(from, to),
      lanes: request => this.#lanes(request),
      hold: () => {},
    }
  }

  /** Names of hosts, and `localhost`. */
  readonly lookup: Lookup = (hostname, options, callback) =>
    answerLookup(
      job => this.#around.driver.loop.post(bindToLife(job), null),
      name => this.#named(name)?.addresses,
      hostname,
      options,
      callback,
    )

  /** A stack for a new host; names and addresses are taken once, or `ERR_INVALID_ARG_VALUE`. */
  addStack(name: string, addresses: readonly string[] | undefined): Stack {
    if (this.#named(name)) throw codedError('ERR_INVALID_ARG_VALUE', 'name', name, 'is another host already')
    const own = addresses ?? [this.#freeAddress()]
    for (const address of own) {
      const other = this.#stacks.find(stack => stack.addresses.includes(address))
      if (other)
        throw codedError('ERR_INVALID_ARG_VALUE', 'addresses', own, `are in part those of ${other.host}`)
    }
    const stack = new Stack(this.#fabric, name, own)
    this.#stacks.push(stack)
    return stack
  }

  addHost(stack: Stack, host: SimulatedHost): void {
    this.#hosts.set(stack, host)
  }

  link(a: Hosts, b: Hosts, rules: readonly Rule[]): void {
    this.linkOneWay(a, b, rules)
    this.linkOneWay(b, a, rules)
  }

  linkOneWay(from: Hosts, to: Hosts, rules: readonly Rule[]): void {
    validateHosts({ from, to })
    const kept = this.#kept(rules)
    const names = kept.map(rule => rule.name || '(a rule without a name)')
    this.#around.trace.note(`link ${namesOf(from)} > ${namesOf(to)} ${names.join(', ')}`)
    for (const link of this.#between(from, to)) link.set(kept)
  }

  add(rule: Rule): Guard {
    const [kept] = this.#kept([rule])
    this.#around.trace.note(`all links ${kept?.name ?? 'unchanged'}`)
    return kept ? this.#rules.add(kept) : repair(() => {})
  }

  #kept(rules: readonly Rule[]): readonly Rule[] {
    validateRules(rules, 'rules')
    return rules.filter(rule => this.#around.misfortunes.allows(rule))
  }

  partition(a: Hosts, b: Hosts): Repair {
    validateHosts({ a, b })
    if (!this.#around.misfortunes.befall(`partition ${namesOf(a)} | ${namesOf(b)}`)) return repair(() => {})
    this.#cut(a, b, true)
    this.#cut(b, a, true)
    return repair(() => this.repair(a, b))
  }

  partitionOneWay(from: Hosts, to: Hosts): Repair {
    validateHosts({ from, to })
    if (!this.#around.misfortunes.befall(`partition ${namesOf(from)} > ${namesOf(to)}`))
      return repair(() => {})
    this.#cut(from, to, true)
    return repair(() => this.#cut(from, to, false))
  }

  isolate(host: SimulatedHost): Repair {
    validateHosts({ host })
    return this.partition(
      host,
      [...this.#hosts.values()].filter(other => other !== host),
    )
  }

  repair(a: Hosts = [...this.#hosts.values()], b: Hosts = [...this.#hosts.values()]): void {
    validateHosts({ a, b })
    this.#cut(a, b, false)
    this.#cut(b, a, false)
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
    const { clock, random, defaults } = this.#around
    const link = new Link({
      random,
      now: () => clock.nowMs,
      after: (ms, job) => this.#after(ms, job),
      rules: () => this.#rules.rules,
    })
    link.set(this.#kept(defaults))
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

  #lanes(request: LaneRequest<Stack>): Lanes {
    const { client, server } = request
    const { clock, trace, capacityBytes } = this.#around
    // Within a host nothing takes time.
    if (client.stack === server.stack || !client.at || !server.at) return directLanes(request, capacityBytes)
    this.#connections++
    const around = {
      connection: this.#connections,
      capacityBytes,
      linkBetween: (from: Stack, to: Stack) => this.#linkOf(from.host, to.host),
      now: () => clock.nowMs,
      after: (ms: number, job: () => void) => this.#after(ms, job),
      note: (text: string, payload?: Uint8Array | null) => trace.note(text, payload),
    }
    const lanes = TcpLane.pair(around, { ...client, at: client.at }, { ...server, at: server.at })
    const { promptly } = this.#arrivals
    return {
      outward: new PromptLane(lanes.outward, promptly),
      homeward: new PromptLane(lanes.homeward, promptly),
    }
  }

  #after(ms: number, job: () => void): () => void {
    if (ms > 0) return this.#around.clock.after(ms, job)
    let isCancelled = false
    const arrival = () => {
      if (!isCancelled) job()
    }
    if (!this.#arrivals.add(arrival)) this.#around.driver.post(arrival)
    return () => {
      isCancelled = true
    }
  }
}

function repair(back: () => void): Repair {
  return Object.assign(back, { [Symbol.dispose]: back })
}

function validateHosts(sides: Readonly<Record<string, unknown>>): void {
  for (const [name, side] of Object.entries(sides)) {
    const isOfHosts = [side].flat().every(each => each instanceof SimulatedHost)
    if (!isOfHosts) throw codedError('ERR_INVALID_ARG_TYPE', name, ['host', 'Array'], side)
  }
}

function listOf(hosts: Hosts): readonly SimulatedHost[] {
  return Array.isArray(hosts) ? hosts : [hosts as SimulatedHost]
}

function namesOf(hosts: Hosts): string {
  return listOf(hosts)
    .map(host => host.name)
    .join(',')
}
