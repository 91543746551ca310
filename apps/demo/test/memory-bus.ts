// A bus in memory, on which packets are lost and connections break when a test says so. Packets come in later turns, in order.
import type { Bus, BusListener, BusState } from '../src/bus/bus'

/** Joins the buses of one test. */
export class MemoryNetwork {
  readonly members = new Map<string, MemoryBus>()
  /** Whether a packet is lost between two that are connected. */
  isLost: (from: string, to: string) => boolean = () => false
  /** Packets under way. */
  underWay = 0

  carry(from: string, to: string | null, packet: Uint8Array): void {
    for (const [id, member] of this.members) {
      if (id === from || (to !== null && id !== to) || this.isLost(from, id)) continue
      this.underWay++
      member.come(Buffer.from(packet))
    }
  }
}

export class MemoryBus implements Bus {
  readonly maxPacketBytes: number
  readonly #network: MemoryNetwork
  readonly #id: string
  #listener: BusListener | null = null
  /** What was sent before a connection was lost does not come after it. */
  #connections = 0
  isWritable = true
  state: BusState = { isConnected: false, server: 'memory', problem: null, sinceMs: 0, connections: 0 }

  constructor(network: MemoryNetwork, id: string, maxPacketBytes: number) {
    this.#network = network
    this.#id = id
    this.maxPacketBytes = maxPacketBytes
  }

  start(listener: BusListener): void {
    this.#listener = listener
    this.connect()
  }

  connect(): void {
    if (this.state.isConnected) return
    this.#network.members.set(this.#id, this)
    this.#change(true, null)
  }

  disconnect(): void {
    if (!this.state.isConnected) return
    this.#network.members.delete(this.#id)
    this.#connections++
    this.#change(false, 'the test has cut it')
  }

  /** Takes no more for now, or takes more again. */
  setWritable(isWritable: boolean): void {
    this.isWritable = isWritable
    if (isWritable) this.#listener?.drained()
  }

  send(to: string | null, packet: Uint8Array): void {
    if (packet.length > this.maxPacketBytes) throw new Error(`a packet of ${packet.length} bytes`)
    this.#network.carry(this.#id, to, packet)
  }

  come(packet: Uint8Array): void {
    const connection = this.#connections
    setImmediate(() => {
      this.#network.underWay--
      if (connection === this.#connections) this.#listener?.received(packet)
    })
  }

  async close(): Promise<void> {
    this.#network.members.delete(this.#id)
  }

  #change(isConnected: boolean, problem: string | null): void {
    this.state = { ...this.state, isConnected, problem, connections: this.state.connections + 1 }
    this.#listener?.changed(this.state)
  }
}
