// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to the pages that are open. It gathers
// what the program and its workers tell into one stream; nothing is asked of anybody while no page is open.
import type { ServerResponse } from 'node:http'
import type { Supervisor } from '../primary/supervisor'
import type { Faults } from './faults'
import type { PageEvents, WorkerSummary } from './page-events'
import type { PageLoad } from './page-load'
import type { Sightings } from './sightings'

/** How often it is seen which workers there are, and how often they are asked for their numbers. */
const LOOK_MS = 100
const STATUS_MS = 1000
/** What a page may leave unread before it is let go. */
const MOST_WAITING_BYTES = 1024 ** 2

interface Sources {
  readonly supervisor: Supervisor
  readonly sightings: Sightings
  readonly faults: Faults
  readonly load: PageLoad
  /** Which run of the program this is. */
  readonly run: string
}

export class Events {
  readonly #sources: Sources
  readonly #pages = new Set<ServerResponse>()
  #timers: readonly NodeJS.Timeout[] = []
  #isAsking = false
  #workers = ''

  constructor(sources: Sources) {
    const { supervisor, faults, load } = sources
    this.#sources = sources
    supervisor.on('line', line => this.#send('line', line))
    supervisor.on('leaving', () => this.#look())
    supervisor.operations.on('began', began => {
      this.#look()
      this.#send('began', began)
    })
    supervisor.operations.on('ended', ended => {
      this.#look()
      this.#send('ended', ended)
    })
    faults.onChange = () => this.#send('faults', faults.inForce)
    load.onChange = () => this.#send('load', load.state)
    load.onEnd = line => this.#send('line', line)
    supervisor.on('seen', (worker, { clients, samples, published, received }) => {
      if (clients !== null) {
        sources.sightings.set(worker, clients)
        this.#send('clients', { worker, clients })
      }
      if (published > 0 || received.length > 0) this.#send('flow', { worker, published, received })
      const placed = samples.map(sample => ({ ...sample, worker }))
      if (placed.length > 0) this.#send('samples', placed)
    })
  }

  open(response: ServerResponse): void {
    const { supervisor, sightings, faults, load, run } = this.#sources
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.write(encode('hello', { run }))
    response.write(encode('workers', summaries(supervisor)))
    for (const [worker, clients] of sightings.all) response.write(encode('clients', { worker, clients }))
    response.write(encode('faults', faults.inForce))
    response.write(encode('load', load.state))
    this.#pages.add(response)
    response.on('close', () => {
      this.#pages.delete(response)
      if (this.#pages.size === 0) this.#rest()
    })
    if (this.#timers.length === 0) {
      this.#timers = [
        setInterval(() => this.#look(), LOOK_MS),
        setInterval(() => void this.#ask(), STATUS_MS),
      ]
      supervisor.watch(true)
    }
    void this.#ask()
  }

  close(): void {
    for (const page of this.#pages) page.end()
    this.#rest()
  }

  #rest(): void {
    if (this.#timers.length === 0) return
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
    this.#sources.sightings.keep(new Set())
    this.#sources.supervisor.watch(false)
  }

  #look(): void {
    if (this.#pages.size === 0) return
    const { supervisor, sightings } = this.#sources
    const workers = summaries(supervisor)
    const text = JSON.stringify(workers)
    if (text === this.#workers) return
    this.#workers = text
    sightings.keep(new Set(workers.map(({ id }) => id)))
    this.#send('workers', workers)
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      const { supervisor, load } = this.#sources
      this.#send('status', await supervisor.status())
      if (load.state.isRunning) this.#send('load', load.state)
    } finally {
      this.#isAsking = false
    }
  }

  #send<Name extends keyof PageEvents>(name: Name, data: PageEvents[Name]): void {
    const text = encode(name, data)
    for (const page of this.#pages) {
      page.write(text)
      if (page.writableLength > MOST_WAITING_BYTES) page.destroy()
    }
  }
}

function encode<Name extends keyof PageEvents>(name: Name, data: PageEvents[Name]): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

function summaries(supervisor: Supervisor): readonly WorkerSummary[] {
  return supervisor.workers.map(({ id, pid, place, state }) => ({ id, pid, place, state }))
}
