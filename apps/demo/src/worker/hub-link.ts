// A worker's end of the connection to the program. It knows no question.
import { type Channel, connect, createChannel } from '@x/ipc'
import type { Answering, HubQuestions, WorkerQuestions } from '../primary/hub-messages'

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
    return (await this.#channel.request<HubQuestions[Name]['answer']>(value, { name: ask })).value
  }

  /** Tells something whose answer is of no interest. */
  tell<Name extends keyof HubQuestions>(ask: Name, value: HubQuestions[Name]['ask']): void {
    this.ask(ask, value).catch(() => {})
  }

  serve(answers: Answering<WorkerQuestions>): void {
    this.#channel.serve(answers)
  }
}
