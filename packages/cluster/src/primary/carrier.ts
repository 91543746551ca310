// What takes connections to a worker: by the link where descriptors travel (`link-carrier`), else by the IPC channel
// (`socket-carrier`). The interface that both have; neither knows who picked the worker.
import type { Refusal } from '../both/messages'
import type { HostConnection } from './host-connections'

/** An accepted connection in the primary: a descriptor, or where descriptors cannot travel one of the host's. */
export type Connection = number | HostConnection

/** What an ended worker has said is here long before this. */
export const LAST_WORDS_MS = 1000

/** The outcome for a batch: indexes of what the worker does not have. */
export type Settled = (refused: readonly number[], why: Refusal | 'ended') => void

export interface Carrier {
  /** False once nothing more can be sent. */
  readonly isOpen: boolean
  /** Sends a batch of 253 at most; `settled` is called once, after this call. Our copies stay ours. */
  send(listener: number, batch: readonly Connection[], settled: Settled): void
  /** Sends a bound descriptor that stays ours, again and again until the worker has it. `sent`: the copy may go. */
  giveListener(listener: number, fd: number, sent: () => void): void
  /** Takes in what the worker has said by now. */
  receiveNow(): void
  /**
   * The process has ended: it can confirm nothing more. What it had confirmed is heard first; the rest is settled as
   * refused.
   */
  end(): void
}

/** What a carrier tells the worker that it belongs to. */
export interface CarrierHost {
  /** The worker told how many connections its servers hold, with an answer. */
  told(connections: number): void
  /** It told so unasked: their number has changed, or a server that was full has room again. */
  toldUnasked(connections: number): void
  /** So many connections were taken. */
  took(count: number): void
  /** Something is short, here or there: no more for a while. */
  short(): void
  /** The worker said what it must not say. */
  wrong(what: string): void
  /** The way to the worker has closed. */
  closed(): void
}
