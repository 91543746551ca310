// The program's end of the connections to its workers: they connect, say who they are, ask and are asked. What is asked is
// not its concern.
import { dirname } from 'node:path'
import { type Channel, createChannel, listen, resolveEndpoint } from '@x/ipc'
import { ownUser } from '../mesh/capabilities'
import type { Peer } from '../mesh/mesh'
import type { Server } from '../net'
import type { HubQuestions, WorkerQuestions } from './hub-messages'
import { removeLeftovers, removeSocketFile } from './stale-path'

/** What the sockets of all programs of this kind begin with; their process number follows. */
const NAME = 'x-demo-hub'
/** What a worker has to answer in; one that hangs is found by the cluster. */
const ANSWER_MS = 5000

/** `HubQuestions`, with the worker that asks. */
export type HubAnswers = {
  readonly [Name in keyof HubQuestions]: (
    ask: HubQuestions[Name]['ask'],
    worker: number,
  ) => HubQuestions[Name]['answer'] | Promise<HubQuestions[Name]['answer']>
}

type Answer = (value: never, worker: number) => unknown

export class Hub {
  readonly #answers: HubAnswers
  readonly #channels = new Map<number, Channel>()
  readonly #peers = new Map<number, Peer>()
  #server: Server | null = null

  constructor(answers: HubAnswers) {
    this.#answers = answers
  }

  /** Workers that have said who they are and live. */
  get peers(): readonly Peer[] {
    return [...this.#peers.values()]
  }

  /** Resolves with the path for workers to connect to. */
  async listen(): Promise<string> {
    const at = resolveEndpoint(`${NAME}-${process.pid}`)
    this.#server = await listen(at, ownUser(), socket => this.#serve(createChannel(socket)))
    if (at.kind === 'file') removeLeftovers(dirname(at.path), NAME)
    return at.path
  }

  /** Resolves with null where the worker is gone or does not answer. */
  async ask<Name extends keyof WorkerQuestions>(
    worker: number,
    ask: Name,
    value: WorkerQuestions[Name]['ask'],
  ): Promise<WorkerQuestions[Name]['answer'] | null> {
    const to = this.#channels.get(worker)
    if (to === undefined) return null
    const reply = await to
      .request<WorkerQuestions[Name]['answer']>(value, { name: ask, timeoutMs: ANSWER_MS })
      .catch(() => null)
    return reply?.value ?? null
  }

  /** The answers of all, by worker; those that do not answer are left out. */
  async askAll<Name extends keyof WorkerQuestions>(
    ask: Name,
    value: WorkerQuestions[Name]['ask'],
  ): Promise<Map<number, NonNullable<WorkerQuestions[Name]['answer']>>> {
    const answers = new Map<number, NonNullable<WorkerQuestions[Name]['answer']>>()
    await Promise.all(
      [...this.#channels.keys()].map(async worker => {
        const answer = await this.ask(worker, ask, value)
        if (answer !== null) answers.set(worker, answer)
      }),
    )
    return answers
  }

  /** A worker has ended: nobody connects to it any more, and what it left is removed. */
  forget(worker: number): void {
    const peer = this.#peers.get(worker)
    this.#peers.delete(worker)
    this.#channels.delete(worker)
    if (peer !== undefined) removeSocketFile(peer.path)
  }

  close(): void {
    this.#server?.close()
    for (const open of this.#channels.values()) open.destroy()
  }

  #serve(incoming: Channel): void {
    let worker = 0
    incoming.on('close', () => {})
    const answers = Object.entries(this.#answers as Readonly<Record<string, Answer>>)
    const procedures = answers.map(([name, answer]) => [name, (value: never) => answer(value, worker)])
    incoming.serve({
      ...Object.fromEntries(procedures),
      hello: (peer: Peer) => {
        worker = peer.id
        const welcome = this.#answers.hello(peer, worker)
        this.#channels.set(worker, incoming)
        this.#peers.set(worker, peer)
        return welcome
      },
    })
  }
}
