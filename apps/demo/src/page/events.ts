// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to the pages that are open: the status
// each second, messages and lines as they come. Nothing is asked of anybody while no page is open.
import type { ServerResponse } from 'node:http'
import type { Supervisor } from '../primary/supervisor'

const TICK_MS = 1000
/** What a page may leave unread before it is let go. */
const MOST_WAITING_BYTES = 1024 ** 2

export class Events {
  readonly #supervisor: Supervisor
  readonly #pages = new Set<ServerResponse>()
  #timer: NodeJS.Timeout | null = null
  #isAsking = false

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    supervisor.on('samples', samples => this.#send('samples', samples))
    supervisor.on('line', line => this.#send('line', line))
  }

  open(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    this.#pages.add(response)
    response.on('close', () => {
      this.#pages.delete(response)
      if (this.#pages.size === 0) this.#rest()
    })
    if (this.#timer === null) {
      this.#timer = setInterval(() => void this.#tick(), TICK_MS)
      this.#supervisor.watch(true)
    }
    void this.#tick()
  }

  close(): void {
    for (const page of this.#pages) page.end()
    this.#rest()
  }

  #rest(): void {
    if (this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    this.#supervisor.watch(false)
  }

  async #tick(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      this.#send('status', await this.#supervisor.status())
    } finally {
      this.#isAsking = false
    }
  }

  #send(event: string, data: unknown): void {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    for (const page of this.#pages) {
      page.write(text)
      if (page.writableLength > MOST_WAITING_BYTES) page.destroy()
    }
  }
}
