// Waits until a worker that was started can serve, or it is clear that it will not. It knows no other worker.
import type { PrimaryOs, Timer } from '../os'
import type { WorkerProcess } from '../worker-process'

/**
 * What a worker whose server could not listen has to make a server listen. Programs that wait for an address try again each second
 * (https://nodejs.org/api/net.html#serverlisten).
 */
const LISTEN_AGAIN_MS = 2000

export class Readiness {
  readonly #os: PrimaryOs
  readonly #worker: WorkerProcess
  readonly #timeoutMs: number
  readonly #deadline: Timer
  #again: Timer | null = null
  #listenError: Error | null = null
  /** Why it is killed; null for other ends. */
  #late: string | null = null

  constructor(os: PrimaryOs, worker: WorkerProcess, timeoutMs: number) {
    this.#os = os
    this.#worker = worker
    this.#timeoutMs = timeoutMs
    this.#deadline = os.setTimeout(() => this.#giveUp(`it was not ready within ${timeoutMs} ms`), timeoutMs)
  }

  /** A server of it could not listen. It may try again, or have another one; where it does neither, it will never be ready. */
  listenFailed(error: Error): void {
    this.#listenError = error
    if (this.#again) this.#os.clearTimeout(this.#again)
    const giveUp = (): void => this.#giveUp('its server could not listen')
    this.#again = this.#os.setTimeout(giveUp, Math.min(LISTEN_AGAIN_MS, this.#timeoutMs))
  }

  /** Null once it is ready; why not, once it is gone. */
  async result(): Promise<{ readonly why: string; readonly cause: Error | null } | null> {
    const worker = this.#worker
    await worker.reaches('ready', 'draining', 'gone')
    // One that lets go of the primary before it was ready may live on: its time goes on, too.
    if (worker.state !== 'ready') await worker.reaches('gone')
    this.#os.clearTimeout(this.#deadline)
    if (this.#again) this.#os.clearTimeout(this.#again)
    if (worker.state === 'ready') return null
    const { end } = worker
    const cause = end?.error ?? this.#listenError
    const how = this.#late ?? end?.signal ?? `it exited with code ${end?.code}`
    const why = end?.error?.message ?? (cause === null ? how : `${how} (${cause.message})`)
    return { why, cause }
  }

  #giveUp(late: string): void {
    this.#late = late
    this.#worker.kill()
  }
}
