// What a primary asks of the system: processes, timers, time, chance, and the transport with its descriptors. One object, so
// that the whole of a primary runs on a system that is not there.
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { selectTransport, type Transport } from '@x/core/transport'
import { clearTimeout, now, random, setTimeout } from '../both/host'

/** A timer that has been set. */
export interface Timer {
  /** The process does not wait for it. */
  unref(): unknown
}

export interface PrimaryOs {
  /** Starts a Node process with an IPC channel. Throws where that fails at once; else the process tells by 'error'. */
  spawn(file: string, args: readonly string[], options: ForkOptions): ChildProcess
  setTimeout(call: () => void, ms: number): Timer
  clearTimeout(timer: Timer): void
  /** Milliseconds of a clock that is never set back. */
  now(): number
  /** From 0 up to 1. */
  random(): number
  /** What listens, and what moves descriptors. */
  readonly transport: Transport
}

let transport: Transport | null = null

/** The system itself. */
export const hostOs: PrimaryOs = {
  spawn: fork,
  setTimeout,
  clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
  now,
  random,
  get transport() {
    transport ??= selectTransport().transport
    return transport
  },
}
