// The bridge between the workers and the other brokers: a member of the mesh, for which all clients of other brokers are its own. What
// workers publish it gives to the bus; what comes over the bus it publishes in the mesh, so that it is numbered, kept for clients that
// move, and counted as all else is.
import { hostname } from 'node:os'
import { Statistics } from '../client/statistics'
import type { Log } from '../log'
import { Mesh, type Peer } from '../mesh/mesh'
import type { Deliverer } from '../mesh/publisher'
import { BRIDGE, sums, unique } from '../mesh/questions'
import type { Bus } from './bus'
import type { BusAnswers } from './bus-questions'
import type { BusStatus } from './bus-report'
import { OtherBrokers } from './other-brokers'

export interface BridgeOptions {
  readonly id: string
  readonly busLimitBytes: number
  readonly maxRequestBytes: number
  readonly log: Log
}

export class Bridge {
  readonly #mesh: Mesh
  readonly #others: OtherBrokers
  #path = ''

  constructor(bus: Bus, { id, busLimitBytes, maxRequestBytes, log }: BridgeOptions) {
    const deliverer: Deliverer = {
      publish: (channel, payload, { publisher }) => {
        // What came over the bus does not go back to it.
        if (publisher !== BRIDGE) this.#others.publish(channel, payload)
        return 0
      },
      takeUndecided: () => this.#others.takeUndecided(),
    }
    const observer = { published: () => {}, received: () => {} }
    const about = { broker: deliverer, statistics: new Statistics(), observer }
    this.#mesh = new Mesh(BRIDGE, about, maxRequestBytes)
    this.#others = new OtherBrokers(
      bus,
      { id, name: `${hostname()}/${process.pid}` },
      {
        deliver: (channel, payload) => this.#mesh.count(channel, payload),
        answer: (name, value) => this.#answer(name, value),
      },
      { limits: { outgoingBytes: busLimitBytes, messageBytes: maxRequestBytes }, log },
    )
    this.#mesh.listener = {
      answers: {
        channels: async pattern => unique(await this.#others.ask('channels', pattern)),
        patterns: async () => unique(await this.#others.ask('patterns', null)),
        subscribers: async channels => sums(channels.length, await this.#others.ask('subscribers', channels)),
      },
      moves: () => ({ announce: () => null, callOff: () => null, inherit: () => null }),
      arrived: (_from, { handles }) => {
        for (const handle of handles) handle.close()
      },
      progressed: () => {},
      gone: () => {},
      lost: () => {},
    }
  }

  get status(): BusStatus {
    return this.#others.status
  }

  /** How workers reach it. */
  get peer(): Peer {
    return { id: BRIDGE, pid: process.pid, path: this.#path }
  }

  /** Lets workers connect, then connects to the bus, or goes on trying. */
  async start(): Promise<void> {
    this.#path = await this.#mesh.listen(`x-demo-hub-${process.pid}-${BRIDGE}`)
    await this.#others.start()
  }

  async close(): Promise<void> {
    this.#mesh.close()
    await this.#others.close()
  }

  async #answer(name: keyof BusAnswers, value: unknown): Promise<unknown> {
    switch (name) {
      case 'channels':
        return unique(await this.#mesh.askOthers('channels', value as string | null))
      case 'patterns':
        return unique(await this.#mesh.askOthers('patterns', null))
      default: {
        const channels = value as readonly string[]
        return sums(channels.length, await this.#mesh.askOthers('subscribers', channels))
      }
    }
  }
}
