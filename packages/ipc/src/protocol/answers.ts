// Requests of the peer that are being answered: who handles them, and what becomes of what they bring. How a reply is sent
// it is told.
import { abortError, codedError, validateObject } from '@x/core/internal'
import type { Descriptor } from '../descriptor/descriptor'
import { breach, ipcError, type RemoteError } from '../errors/codes'
import { encodeName } from '../wire/encoder'
import type { Account } from './account'
import type { IncomingRequest, Procedures, RequestHandler, SendOptions } from './message'
import type { Received } from './receiver'

export interface ReplySender {
  /** @throws what encoding throws. */
  reply(id: number, value: unknown, parts: SendOptions): void
  fail(id: number, error: RemoteError): void
  /** Throws where what a handler attaches cannot be sent. */
  checkParts(parts: SendOptions): void
  /** The last request under way is answered. */
  allAnswered(): void
}

type Handler = RequestHandler<never>

export class Answers {
  #handler: Handler | null = null
  #procedures: ReadonlyMap<string, Handler> = new Map()
  readonly #active = new Map<number, AbortController>()
  readonly #account: Account
  readonly #sender: ReplySender

  constructor(account: Account, sender: ReplySender) {
    this.#account = account
    this.#sender = sender
  }

  /** One handler for requests without a name, or one for each name, from now on. @throws `ERR_INVALID_ARG_TYPE`. */
  serve(handler: Handler | Procedures): void {
    if (typeof handler === 'function') this.#handler = handler
    else this.#procedures = readProcedures(handler)
  }

  /**
   * Begins to answer. The account has taken it in at `cost`. True where somebody has it, so that its handles are taken.
   *
   * @throws `ERR_X_CHANNEL_PROTOCOL` where a request of that id is being answered.
   */
  accept(id: number, { payload, handles }: Received, cost: number): boolean {
    if (this.#active.has(id)) {
      this.#account.removeRequest(cost)
      for (const handle of handles) handle.close()
      throw breach(`request ${id} came twice`)
    }
    const { name } = payload
    const handler = name === '' ? this.#handler : this.#procedures.get(name)
    if (handler === null || handler === undefined) {
      this.#account.removeRequest(cost)
      this.#sender.fail(id, describe(ipcError('ERR_X_NOT_SERVED', name)))
      return false
    }
    const controller = new AbortController()
    this.#active.set(id, controller)
    const answer = new Answer(id, controller.signal, this.#sender)
    const { value, buffers } = payload
    const done = answer.run(handler, value, {
      buffers,
      handles,
      signal: controller.signal,
      attach: answer.attach,
    })
    void done.then(() => {
      this.#active.delete(id)
      this.#account.removeRequest(cost)
      if (this.#active.size === 0) this.#sender.allAnswered()
    })
    return !answer.hasThrown
  }

  /** Requests that are being answered. */
  get count(): number {
    return this.#active.size
  }

  cancel(id: number): void {
    this.#active.get(id)?.abort(abortError())
  }

  /** No reply can be sent any more. */
  end(): void {
    for (const controller of this.#active.values()) controller.abort(abortError())
  }
}

/** One request that is being answered. */
class Answer {
  /** Its handler threw before it gave up control. */
  hasThrown = false
  readonly #id: number
  readonly #signal: AbortSignal
  readonly #sender: ReplySender
  #parts: SendOptions = {}

  constructor(id: number, signal: AbortSignal, sender: ReplySender) {
    this.#id = id
    this.#signal = signal
    this.#sender = sender
  }

  readonly attach = (parts: SendOptions): void => {
    validateObject(parts, 'parts')
    this.#sender.checkParts(parts)
    this.#parts = parts
  }

  /** Never rejects. */
  run(handler: Handler, value: unknown, request: IncomingRequest): Promise<void> {
    let outcome: unknown
    try {
      outcome = handler(value as never, request)
    } catch (error) {
      this.hasThrown = true
      this.#fail(error)
      return Promise.resolve()
    }
    return Promise.resolve(outcome).then(
      reply => this.#reply(reply),
      error => this.#fail(error),
    )
  }

  #reply(value: unknown): void {
    if (this.#signal.aborted) {
      closeAll(this.#parts)
      return
    }
    try {
      this.#sender.reply(this.#id, value, this.#parts)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    closeAll(this.#parts)
    if (!this.#signal.aborted) this.#sender.fail(this.#id, describe(error))
  }
}

/** Handles that were to go with a reply and do not are nobody's but ours, unless their owner keeps them. */
function closeAll({ handles = [], keep = false }: SendOptions): void {
  if (!keep) for (const handle of handles as readonly Descriptor[]) handle.close()
}

function readProcedures(procedures: Procedures): ReadonlyMap<string, Handler> {
  if (typeof procedures !== 'object' || procedures === null) {
    throw codedError('ERR_INVALID_ARG_TYPE', 'handler', ['function', 'Object'], procedures)
  }
  const entries = Object.entries(procedures)
  for (const [name, handler] of entries) {
    if (typeof handler !== 'function') {
      throw codedError('ERR_INVALID_ARG_TYPE', `handler.${name}`, 'function', handler)
    }
    // A promise of the calls would take it for its own.
    if (name === 'then') {
      throw codedError('ERR_INVALID_ARG_VALUE', 'handler', procedures, "has a procedure of the name 'then'")
    }
    // A name that no peer could call is a mistake, which is told here and not to nobody.
    encodeName(name, 'the name of a procedure')
  }
  return new Map(entries as [string, Handler][])
}

/** What is told of an error, whatever was thrown. */
export function describe(error: unknown): RemoteError {
  try {
    if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: null }
    const { name, message, code } = error as NodeJS.ErrnoException
    return { name: String(name), message: String(message), code: typeof code === 'string' ? code : null }
  } catch {
    return { name: 'Error', message: 'what was thrown cannot be told', code: null }
  }
}
