// Requests of the peer that are being answered. It knows the handler; how a reply is sent it is told.
import { abortError } from '@x/core/transport'
import { ipcError } from '../errors/codes'
import type { Message, RequestHandler, SendOptions } from './message'

export interface ReplySender {
  reply(id: number, value: unknown, parts: SendOptions): void
  fail(id: number, error: { name: string; message: string; code: string | null }): void
  /** One request less is under way. */
  finished(): void
}

export class Serving {
  handler: RequestHandler<never> | null = null
  readonly #active = new Map<number, AbortController>()
  readonly #sender: ReplySender

  constructor(sender: ReplySender) {
    this.#sender = sender
  }

  get size(): number {
    return this.#active.size
  }

  accept(id: number, message: Message): void {
    if (this.#active.has(id)) throw ipcError('ERR_X_CHANNEL_PROTOCOL', `request ${id} came twice`)
    const handler = this.handler
    if (handler === null) {
      for (const handle of message.handles) handle.close()
      this.#sender.fail(id, {
        name: 'Error',
        message: 'nobody serves requests here',
        code: 'ERR_X_NOT_SERVED',
      })
      return
    }
    const controller = new AbortController()
    this.#active.set(id, controller)
    void this.#answer(id, handler, message, controller.signal)
  }

  async #answer(
    id: number,
    handler: RequestHandler<never>,
    message: Message,
    signal: AbortSignal,
  ): Promise<void> {
    let parts: SendOptions = {}
    const attach = (given: SendOptions) => {
      parts = given
    }
    try {
      const { buffers, handles } = message
      const request = { buffers, handles, signal, attach }
      const value: unknown = await handler(message.value as never, request)
      if (!signal.aborted) this.#sender.reply(id, value, parts)
    } catch (error) {
      if (!signal.aborted) this.#sender.fail(id, describe(error))
    } finally {
      this.#active.delete(id)
      this.#sender.finished()
    }
  }

  cancel(id: number): void {
    this.#active.get(id)?.abort(abortError())
  }

  abortAll(): void {
    for (const controller of this.#active.values()) controller.abort(abortError())
  }
}

function describe(error: unknown): { name: string; message: string; code: string | null } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: null }
  const { code } = error as NodeJS.ErrnoException
  return { name: error.name, message: error.message, code: typeof code === 'string' ? code : null }
}
