// What travels over a channel, as its users see it. Types only.
import type { Descriptor } from '../descriptor/descriptor'

/** What came in one frame. */
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
  /** Bytes beside the value, 1,024 buffers at most, sent from where they are: leave them alone until the promise is done. */
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
  /** The procedure that is to answer, 1 to 255 bytes. Default: the peer's handler for requests without a name. */
  readonly name?: string
  /** Milliseconds until it fails with `ERR_X_REQUEST_TIMEOUT`; 0: never. Default: the channel's. */
  readonly timeoutMs?: number
  /** Gives the request up: `ABORT_ERR`, and the peer's handler sees its own signal aborted. */
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

/** What a handler learns of a request beside its value. */
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

/** Answers a request: what it returns is the reply; what it throws arrives as `ERR_X_REQUEST_FAILED`. */
export type RequestHandler<In = unknown, Out = unknown> = (
  value: In,
  request: IncomingRequest,
) => Out | Promise<Out>

/** Handlers of requests by name. A name has 1 to 255 bytes, and is not `then`. */
export type Procedures = Readonly<Record<string, Procedure>>

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
  /** What came. Without a listener it waits for one, or for `for await`. */
  message: [message: Message<In>]
  /** What came with handles, if anybody listens to this; else it is a `message` like any other. */
  handle: [value: In, ...handles: Descriptor[]]
  /**
   * One of the sides is closing it: nothing can be sent any more; what is under way goes on until it has ended, or the
   * deadline of `close`.
   */
  closing: []
  /** The system is short of descriptors or memory for now; the channel waits and goes on. Once for each shortage. */
  shortage: [error: Error]
  /** It has ended; with what ended it, unless it was closed by either side (`goodbye`) or by `destroy()`. */
  close: [error: Error | null]
}
