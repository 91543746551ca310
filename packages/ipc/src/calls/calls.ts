// Procedures of a peer as functions: their types are those of its handlers. It knows how a call becomes a request, and
// nothing of streams.
import { codedError } from '@x/core/internal'
import type { Message, Procedure, ProceduresOf, RequestOptions, UnknownProcedures } from '../protocol/message'
import { quiet } from '../protocol/quiet'

/** What calls go over: a channel, or a client. */
export interface Requester {
  request<Reply>(value: never, options?: RequestOptions): Promise<Message<Reply>>
}

/** A handler as its caller sees it: its value first, if it takes one, then how the request is made. */
type Call<Handles extends Procedure> =
  Parameters<Handles> extends readonly [(infer Value)?, ...unknown[]]
    ? undefined extends Parameters<Handles>[0]
      ? (value?: Value, options?: CallOptions) => Reply<Handles>
      : (value: Value, options?: CallOptions) => Reply<Handles>
    : never

type Reply<Handles extends Procedure> = Promise<Awaited<ReturnType<Handles>>>

/** How a call is made: as a request, whose name it has by itself. */
export type CallOptions = Omit<RequestOptions, 'name'>

/** The procedures of a peer, by the type of its handlers. */
export type Calls<Served extends ProceduresOf<Served>> = {
  readonly [Name in keyof Served & string]: Call<Served[Name]>
}

/**
 * The procedures that the peer serves (`channel.serve({ name: handler })`) as functions: `call.name(value, options)` answers what
 * the handler of that name returns. The type of the handlers is all that the two sides need to share.
 *
 * What JSON makes of a value is not seen in the types: a `Date` arrives as a text. What is beside a reply (`buffers`,
 * `handles`) only `request(value, { name })` gives.
 *
 * @throws (rejects) as `request` of the channel or client.
 */
export function createCalls<Served extends ProceduresOf<Served> = UnknownProcedures>(
  over: Requester,
): Calls<Served> {
  if (typeof over?.request !== 'function') throw codedError('ERR_INVALID_ARG_TYPE', 'over', 'Channel', over)
  const known = new Map<string, (value: unknown, options?: CallOptions) => Promise<unknown>>()
  const calls = new Proxy(Object.create(null) as object, {
    get(_target, name) {
      // Whoever awaits the calls asks whether they are a promise.
      if (typeof name !== 'string' || name === 'then') return undefined
      let call = known.get(name)
      if (call === undefined) {
        const ask = async (value: unknown, options?: CallOptions) =>
          (await over.request(value as never, { ...options, name })).value
        // As of a request: who does not wait for it does not hear of its failure.
        call = (value, options) => quiet(ask(value, options))
        known.set(name, call)
      }
      return call
    },
  })
  return calls as Calls<Served>
}
