// What travels over a channel, as its users see it. Types only.
import type { Descriptor } from '../descriptor/descriptor'

/** The content of one frame. */
export interface Message<Value = unknown> {
  /** JSON value, structured clone, Buffer, or undefined. A Buffer may be a view of the memory that it was read into. */
  readonly value: Value
  /** The buffers that were sent beside the value. */
  readonly buffers: readonly Buffer[]
  /** The descriptors that were sent beside it: take them, or they are closed. */
  readonly handles: readonly Descriptor[]
}

/** What may go beside a value. */
export interface SendOptions {
  /**
   * Bytes in addition to the value, 1,024 buffers at most, sent without copying: do not change them until the promise
   * is done.
   */
  readonly buffers?: readonly Uint8Array[]
  /**
   * Descriptors beside the value, 253 at most, as `createDescriptor` makes them of servers, sockets and numbers. Once the
   * peer has acknowledged them, ours are closed.
   */
  readonly handles?: readonly Descriptor[]
  /** Ours stay open after the acknowledgement. Default: false. */
  readonly keep?: boolean
}

/** How a request is sent, and how long its reply may take. */
export interface RequestOptions extends SendOptions {
  /** The procedure to call, 1 to 255 bytes. Default: the peer's handler for requests without a name. */
  readonly name?: string
  /** Milliseconds until it fails with `ERR_X_REQUEST_TIMEOUT`; 0: never. Default: the channel's. */
  readonly timeoutMs?: number
  /** Aborts the request with `ABORT_ERR`, and the signal of the peer's handler. */
  readonly signal?: AbortSignal
}

/** How a channel is closed. */
export interface CloseOptions {
  /**
   * Milliseconds for requests under way, of both sides, and for the acknowledgement of handles; 0: for ever. Default: the
   * channel's `patienceMs`. In a further `close` it counts from then on.
   */
  readonly timeoutMs?: number
}

/** What a handler gets in addition to the value of a request. */
export interface IncomingRequest {
  readonly buffers: readonly Buffer[]
  readonly handles: readonly Descriptor[]
  /** Aborted once the requester gave up (deadline, its own signal) or the channel ended. */
  readonly signal: AbortSignal
  /**
   * Sends buffers and handles beside the reply. Handles that do not arrive are closed, unless `keep`.
   *
   * @throws as `Channel.send`.
   */
  attach(parts: SendOptions): void
}

/** Handles a request: its result is the reply; an exception arrives as `ERR_X_REQUEST_FAILED`. */
export type RequestHandler<In = unknown, Out = unknown> = (
  value: In,
  request: IncomingRequest,
) => Out | Promise<Out>

/** Handlers of requests by name. A name has 1 to 255 bytes, and is not `then`. */
export type Procedures = Readonly<Record<string, Procedure>>

/** Procedures of which no type is known: any name, with any value. */
export type UnknownProcedures = Readonly<Record<string, (value?: unknown) => unknown>>

/** One handler of requests. */
export type Procedure = (value: never, request: IncomingRequest) => unknown

/** That a type, be it an interface, has handlers alone. */
export type ProceduresOf<Served> = { readonly [Name in keyof Served]: Procedure }

/**
 * How a channel has ended. `goodbye`: as one of the sides wanted, all that was sent before was read. `lost`: the peer or the
 * stream went away without a goodbye. `refused`: one side has found the other at fault. `destroyed`: by us.
 */
export type ChannelEnd = 'goodbye' | 'lost' | 'refused' | 'destroyed'

/** The events of a channel and what their listeners get. */
export interface ChannelEvents<In> {
  /** The peer has said hello: it speaks this protocol. */
  open: []
  /** A message has arrived. Without a listener it waits for one, or for `for await`. */
  message: [message: Message<In>]
  /** A message with handles, if this event has a listener; otherwise it is an ordinary `message`. */
  handle: [value: In, ...handles: Descriptor[]]
  /**
   * One side is closing the channel: nothing more can be sent; requests in progress continue until they end, or until
   * the deadline of `close`.
   */
  closing: []
  /**
   * The system lacks descriptors or memory for now; the channel waits and continues. Emitted once for each shortage.
   */
  shortage: [error: Error]
  /** It has ended; with what ended it, unless it was closed by either side (`goodbye`) or by `destroy()`. */
  close: [error: Error | null]
}
