// The faults that the page can put on the program's own clients: which they are, and which are in force. What they cost is
// measured in the browser.
import { faults, type Rule } from '@x/testkit'
import { count } from '../count'
import type { OwnClient, OwnClients } from './own-clients'

export const FAULTS = ['delay', 'drop', 'cut'] as const
export type FaultName = (typeof FAULTS)[number]

/** A fault that lasts. */
export interface FaultInForce {
  readonly name: FaultName
  /** The worker whose clients it was put on; null for all of the program's own. */
  readonly worker: number | null
}

export const DELAY_MS = 200
/** Of what is read. */
const DROPPED_SHARE = 0.2

const RULES: Readonly<Record<FaultName, Rule>> = {
  delay: faults.latency({ ms: DELAY_MS, on: 'read' }),
  drop: faults.sometimes(DROPPED_SHARE, faults.on('read', 'drop')),
  cut: faults.reset(),
}

const TEXTS: Readonly<Record<FaultName, string>> = {
  delay: `what they read comes ${DELAY_MS} ms later`,
  drop: 'one read in five is lost',
  cut: 'their connections are reset',
}

export class Faults {
  /** Hears of each change. */
  onChange: () => void = () => {}
  readonly #clients: OwnClients
  readonly #workerOf: (client: number) => number | null
  #inForce: readonly FaultInForce[] = []

  /** @param workerOf the worker that serves a client; null where it is unknown */
  constructor(clients: OwnClients, workerOf: (client: number) => number | null) {
    this.#clients = clients
    this.#workerOf = workerOf
    clients.onExposed = ({ transport }) => {
      for (const { name, worker } of this.#inForce) if (worker === null) transport.add(RULES[name])
    }
  }

  get inForce(): readonly FaultInForce[] {
    return this.#inForce
  }

  /** Puts a fault on the program's own clients, or on those of one worker. Resolves with a line for people. */
  async begin(name: FaultName, worker: number | null): Promise<string> {
    const chosen = this.#chosen(worker)
    if (chosen.length === 0) {
      const where = worker === null ? '' : ` on worker ${worker}`
      throw new Error(`there is no client of the page or of its load${where} to put a fault on`)
    }
    if (name === 'cut') {
      for (const { transport } of chosen) transport.add(RULES.cut)
      await Promise.all(chosen.map(({ client }) => client.closed))
    } else if (!this.#inForce.some(fault => fault.name === name && fault.worker === worker)) {
      for (const { transport } of chosen) transport.add(RULES[name])
      this.#inForce = [...this.#inForce, { name, worker }]
      this.onChange()
    }
    return `${name} on ${count(chosen.length, 'connection')}: ${TEXTS[name]}`
  }

  /** Takes all faults off; returns a line for people. */
  calm(): string {
    for (const { transport } of this.#clients.exposed) transport.clear()
    const count = this.#inForce.length
    this.#inForce = []
    this.onChange()
    return count === 0 ? 'no fault was in force' : 'all faults are off'
  }

  #chosen(worker: number | null): readonly OwnClient[] {
    const { exposed } = this.#clients
    return worker === null ? exposed : exposed.filter(({ id }) => this.#workerOf(id) === worker)
  }
}
