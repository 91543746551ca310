// What carries packets between brokers on several machines, whatever it is made of. It knows no message, no channel and no count:
// those are `OtherBrokers`. `NatsBus` is the one that the program runs on; tests have one in memory, with faults.

/** How the connection stands. */
export interface BusState {
  readonly isConnected: boolean
  /** The server that it is connected to or tries, without credentials. */
  readonly server: string
  /** Why it is not connected; null where it is, or has not failed yet. */
  readonly problem: string | null
  /** When it was connected or lost, in milliseconds since the epoch. */
  readonly sinceMs: number
  /** How often it was connected. */
  readonly connections: number
}

/** Who hears of a bus. */
export interface BusListener {
  /** A packet of another broker has come. Must not throw. */
  received(packet: Uint8Array): void
  /** It takes more, after `isWritable` was false. */
  drained(): void
  /** It is connected, or is not any more, or has failed to connect. */
  changed(state: BusState): void
}

/**
 * Each packet reaches each broker that is meant and connected at most once; packets of one broker come in order. What is sent
 * while the connection breaks may be lost, and nothing tells of it.
 */
export interface Bus {
  readonly state: BusState
  /** The longest packet that may be sent, in bytes. For a bus that is connected. */
  readonly maxPacketBytes: number
  /** Whether it takes more now, instead of holding it in memory. */
  readonly isWritable: boolean
  /** Connects, and connects again whenever the connection is lost. Once. */
  start(listener: BusListener): void
  /** Sends to one broker, or to all others (null). Only where it is connected. */
  send(to: string | null, packet: Uint8Array): void
  /** Sends what it was given, and ends the connection. */
  close(): Promise<void>
}
