// The page's load: a small `demo load` on the program's own clients, until it is stopped. What it counts is the load's.
import { count, grouped } from '../count'
import { isClean, type LoadReport } from '../load/load-report'
import { LoadRun } from '../load/load-run'
import type { OwnClients } from './own-clients'

export interface LoadState {
  readonly isRunning: boolean
  readonly published: number
  readonly delivered: number
  /** Connections that have ended before the load does. */
  readonly broken: number
}

const SIZE = { publishers: 2, subscribers: 12, channels: 2, rate: 60, size: 64 } as const
/** A load whose answers do not come within so long, once it was stopped, ends without them. */
const PATIENCE_MS = 2000

interface Running {
  readonly run: LoadRun
  readonly interrupt: AbortController
  /** What it came to. */
  readonly report: Promise<LoadReport>
}

export class PageLoad {
  /** Hears of each start and end. */
  onChange: () => void = () => {}
  /** Hears what a load came to that nobody has stopped. */
  onEnd: (line: string) => void = () => {}
  readonly #clients: OwnClients
  #isStarting = false
  #running: Running | null = null

  constructor(clients: OwnClients) {
    this.#clients = clients
  }

  get state(): LoadState {
    const { published = 0, delivered = 0, broken = 0 } = this.#running?.run.progress() ?? {}
    return { isRunning: this.#running !== null, published, delivered, broken }
  }

  /** Resolves with a line for people. Rejects where one runs, or the broker does not take its clients. */
  async start(): Promise<string> {
    if (this.#isStarting || this.#running !== null) throw new Error('the load is running already')
    this.#isStarting = true
    const clients: Awaited<ReturnType<OwnClients['open']>>[] = []
    const open = async () => {
      const client = await this.#clients.open('load')
      clients.push(client)
      return client
    }
    const options = {
      to: { path: '' },
      ...SIZE,
      seconds: Number.MAX_SAFE_INTEGER,
      messages: 0,
      isJson: false,
    }
    const run = new LoadRun(options, open)
    try {
      await run.open()
    } catch (error) {
      await run.close()
      throw error
    } finally {
      this.#isStarting = false
    }
    for (const client of clients) this.#clients.expose(client)
    const interrupt = new AbortController()
    this.#running = { run, interrupt, report: this.#untilOver(run, interrupt.signal) }
    this.onChange()
    const { publishers, subscribers, rate } = SIZE
    return `load started: ${publishers} clients publish ${rate} messages a second to ${subscribers} subscribers`
  }

  /** Resolves with a line for people. */
  async stop(): Promise<string> {
    if (this.#running === null) throw new Error('no load is running')
    const { interrupt, report } = this.#running
    interrupt.abort()
    return describe(await report)
  }

  async #untilOver(run: LoadRun, signal: AbortSignal): Promise<LoadReport> {
    const over = run.run(signal)
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>(resolve => {
      signal.addEventListener('abort', () => {
        timer = setTimeout(resolve, PATIENCE_MS)
      })
    })
    await Promise.race([over, patience])
    clearTimeout(timer)
    const report = run.report()
    await run.close()
    this.#running = null
    this.onChange()
    if (!signal.aborted) this.onEnd(describe(report))
    return report
  }
}

function describe(report: LoadReport): string {
  const { published, delivered, lost, doubled, outOfOrder, broken } = report
  const what = `load ended: ${count(published, 'message')} published, ${count(delivered, 'delivery', 'deliveries')}`
  if (isClean(report)) return `${what}; none lost, doubled or out of order, no connection broken`
  return `${what}; ${grouped(lost)} lost, ${grouped(doubled)} doubled, ${grouped(outOfOrder)} out of order, ${count(broken, 'connection')} broken`
}
