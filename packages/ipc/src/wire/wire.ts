// What a channel needs of the stream below it. It knows no frames, and not which streams there are.
import type { Transport } from '@x/core/transport'

/** Hears of a wire. Nothing is called after `onClose`. */
export interface WireSink {
  /** Bytes, and the descriptors that came with them; those are the receiver's to close. */
  onData(chunk: Buffer, received: ReceivedDescriptors | null): void
  /** All that was written is with the system. */
  onDrain(): void
  onEnd(): void
  /** The system is short of something for now; the stream goes on by itself. Told once for each shortage. */
  onShortage(error: Error): void
  /** The stream is gone, and why, where something is wrong with it. */
  onClose(error: Error | null): void
}

/** Descriptors that came with some bytes. `isTruncated`: the system has dropped some of them, for want of room. */
export interface ReceivedDescriptors {
  readonly fds: readonly number[]
  readonly isTruncated: boolean
}

/** Descriptors to be sent; they stay the sender's. Asked when they go: null where they are gone by then. */
export type DescriptorsToSend = () => readonly number[] | null

/** A stream of bytes, and perhaps descriptors, in both directions. */
export interface Wire {
  /** Whose descriptors it carries; null where it carries none. */
  readonly transport: Transport | null
  /** Who counts the descriptors that its peer leaves open; null where it carries none. */
  readonly allowance: Allowance | null
  start(sink: WireSink): void
  /** False: hold back until `onDrain`. */
  write(chunks: readonly Buffer[]): boolean
  /** Sends descriptors with the first byte of the data, or `dropped` where they are gone. As `write`. */
  writeHandles(data: Buffer, descriptors: DescriptorsToSend, dropped: () => void): boolean
  /** Bytes that were written and not taken by the system. */
  readonly backlog: number
  /** Nobody needs the memory of what was written any more: it may be written again. */
  readonly isDone: boolean
  pause(): void
  resume(): void
  /** Ends our side once all is out. */
  end(): void
  /** Ends both sides now; `lastWords` go out where there is room for them. Nothing is heard any more but `onClose`. */
  destroy(lastWords: Buffer | null): void
  ref(): void
  unref(): void
}

/** Descriptors of one peer that are open in this process and that nobody has taken or closed. */
export interface Allowance {
  count: number
}

/** Bytes that a wire takes before it says that it is full. */
export const WIRE_BYTES = 65536
/** How long last words may take. */
export const LAST_WORDS_MS = 100
