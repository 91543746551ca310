// A bus made of a NATS server: connects by the NATS client, connects again with back-off, and takes packets to two subjects: one of
// all brokers of the group, one of each broker. Channels are no subjects: their names would not fit NATS's rules.
import type { NatsConnection } from '@nats-io/nats-core'
import { NatsConnectionImpl, setTransportFactory } from '@nats-io/nats-core/internal'
import type { Bus, BusListener, BusState } from './bus'
import type { BusAddress } from './bus-address'
import { NatsTransport } from './nats-transport'

/** Between two attempts to connect: doubled with each that fails. */
const LEAST_WAIT_MS = 100
const MOST_WAIT_MS = 5000
/** What a server has to answer when it is connected to. */
const CONNECT_MS = 5000
/** A server that answers so many of these no more has gone, though its connection stands. */
const PING_MS = 5000
const MOST_PINGS = 3
/** A server that takes shorter ones only is none for this. */
const LEAST_PACKET_BYTES = 1024
/** What is left at the end has so long to go out. */
const CLOSE_MS = 2000

export class NatsBus implements Bus {
  readonly #address: BusAddress
  readonly #subjects: { readonly all: string; to(id: string): string }
  readonly #id: string
  #listener: BusListener | null = null
  #connection: NatsConnection | null = null
  #transport: NatsTransport | null = null
  #state: BusState
  #isClosed = false
  /** Ends the wait before the next attempt. */
  #wake: () => void = () => {}

  /**
   * @param group brokers of other groups are not heard
   * @param id of this broker: `send` of others names it
   */
  constructor(address: BusAddress, group: string, id: string) {
    this.#address = address
    this.#id = id
    this.#subjects = { all: `x-demo.${group}.all`, to: other => `x-demo.${group}.to.${other}` }
    const server = address.servers.map(each => `nats://${each}`).join(',')
    this.#state = { isConnected: false, server, problem: null, sinceMs: Date.now(), connections: 0 }
  }

  get state(): BusState {
    return this.#state
  }

  get maxPacketBytes(): number {
    if (this.#connection === null) return 0
    // A server may change it. Of what is no limit at all, the least that this class takes is the safe reading.
    const most = packetLimit(this.#connection)
    return Math.max(most ?? 0, LEAST_PACKET_BYTES)
  }

  get isWritable(): boolean {
    return this.#connection !== null && (this.#transport?.isWritable ?? false)
  }

  start(listener: BusListener): void {
    this.#listener = listener
    void this.#run()
  }

  send(to: string | null, packet: Uint8Array): void {
    if (this.#connection === null || this.#connection.isClosed()) return
    this.#connection.publish(to === null ? this.#subjects.all : this.#subjects.to(to), packet)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake()
    const connection = this.#connection
    if (connection === null) {
      // It may be connecting, which could take as long as a server is silent.
      this.#transport?.discard()
      return
    }
    await Promise.race([connection.flush(), this.#wait(CLOSE_MS)]).catch(() => {})
    this.#wake()
    await connection.close()
  }

  async #run(): Promise<void> {
    let waitMs = LEAST_WAIT_MS
    while (!this.#isClosed) {
      let problem: unknown
      let connection: NatsConnection | null = null
      const { connections } = this.#state
      try {
        connection = await this.#connect()
        problem = await this.#serve(connection)
      } catch (error) {
        problem = error
      }
      this.#connection = null
      // However serving it has failed: the next attempt makes one of its own.
      connection?.close().catch(() => {})
      // A server that takes each connection and loses it at once is not asked more often than one that takes none.
      const isProven = this.#state.connections > connections && Date.now() - this.#state.sinceMs >= waitMs
      if (isProven) waitMs = LEAST_WAIT_MS
      if (this.#isClosed) return
      this.#change({ isConnected: false, problem: describe(problem) })
      // Brokers that have lost one server do not all come back in one moment.
      await this.#wait(waitMs * (0.75 + Math.random() / 2))
      waitMs = Math.min(waitMs * 2, MOST_WAIT_MS)
    }
  }

  async #connect(): Promise<NatsConnection> {
    setTransportFactory({
      factory: () => {
        this.#transport = new NatsTransport(() => this.#listener?.drained())
        return this.#transport
      },
    })
    const { servers, user, password } = this.#address
    const connection = await NatsConnectionImpl.connect({
      servers: [...servers],
      ...(user !== undefined && { user, pass: password ?? '' }),
      name: `x-demo ${this.#id}`,
      // What this class does itself, so that nothing waits in the client over a lost connection.
      reconnect: false,
      noEcho: true,
      timeout: CONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: MOST_PINGS,
    })
    if (this.#isClosed) await connection.close()
    return connection
  }

  /** Resolves with why the connection has ended. */
  async #serve(connection: NatsConnection): Promise<unknown> {
    const most = packetLimit(connection)
    if (most === undefined) throw new Error('its max_payload is no number of bytes')
    if (most < LEAST_PACKET_BYTES) {
      throw new Error(`its max_payload is ${most} bytes, and must be ${LEAST_PACKET_BYTES} at least`)
    }
    let failure: unknown
    const fail = (error: unknown) => {
      failure ??= error
      void connection.close()
    }
    const callback = (error: Error | null, { data }: { readonly data: Uint8Array }) => {
      if (error === null) this.#listener?.received(data)
      else fail(error)
    }
    for (const subject of [this.#subjects.all, this.#subjects.to(this.#id)]) {
      connection.subscribe(subject, { callback })
    }
    void watch(connection, fail)
    // The server has the subscriptions: what others publish from now on comes here.
    await connection.flush()
    this.#connection = connection
    this.#change({ isConnected: true, problem: null, connections: this.#state.connections + 1 })
    const ended = await connection.closed()
    return failure ?? ended ?? new Error('the server closed the connection')
  }

  #change(about: Partial<BusState>): void {
    const sinceMs = about.isConnected === this.#state.isConnected ? this.#state.sinceMs : Date.now()
    this.#state = { ...this.#state, ...about, sinceMs }
    this.#listener?.changed(this.#state)
  }

  #wait(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** What the server says that a packet may have, in bytes; undefined where it says what is no such number. */
function packetLimit({ info }: NatsConnection): number | undefined {
  // What the client's types promise is what the server sent, unchecked.
  const most: unknown = info?.max_payload ?? 0
  return Number.isSafeInteger(most) ? (most as number) : undefined
}

/** What the server refuses (rights, a protocol error) ends the connection: half a bus would lose messages, and say nothing. */
async function watch(connection: NatsConnection, fail: (error: unknown) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'error') fail(status.error)
    if (status.type === 'staleConnection') fail(new Error('the server does not answer'))
  }
}

function describe(problem: unknown): string {
  if (!(problem instanceof Error)) return 'the connection was lost'
  const { cause } = problem
  return cause instanceof Error ? cause.message : problem.message
}
