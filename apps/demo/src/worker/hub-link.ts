// A worker's end of the connection to the program. It knows no question.
import { type Channel, connect, createChannel } from '@x/ipc'
import type { Answering, Asked, HubQuestions, WorkerQuestions } from '../primary/hub-messages'

export class HubLink {
  readonly #channel: Channel

  private constructor(to: Channel) {
    this.#channel = to
  }

  static async connect(path: string): Promise<HubLink> {
    const open = createChannel(await connect(path))
    // The program is gone: the cluster ends the worker.
    open.on('close', () => {})
    return new HubLink(open)
  }

  async ask<Name extends keyof HubQuestions>(
    ask: Name,
    value: HubQuestions[Name]['ask'],
  ): Promise<HubQuestions[Name]['answer']> {
    const asked: Asked = { ask, value }
    return (await this.#channel.request<HubQuestions[Name]['answer']>(asked)).value
  }

  /** Tells something whose answer is of no interest. */
  tell<Name extends keyof HubQuestions>(ask: Name, value: HubQuestions[Name]['ask']): void {
    this.ask(ask, value).catch(() => {})
  }

  serve(answers: Answering<WorkerQuestions>): void {
    this.#channel.serve(value => {
      const { ask, value: asked } = value as Asked
      const answer = (answers as Readonly<Record<string, (value: never) => unknown>>)[ask]
      return answer?.(asked as never)
    })
  }
}
