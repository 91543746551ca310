// The program: its workers, its control socket, its live page, and its end. It knows no command line and no signal.

import { controlName, type Order, type Outcome } from '../control/control-messages'
import { openControl } from '../control/control-server'
import { count } from '../count'
import type { Log } from '../log'
import { type Options, PAGE_PORT } from '../options'
import { openPage } from '../page/page-server'
import { ServiceManager } from './service-manager'
import { StartError } from './start-error'
import { Supervisor } from './supervisor'

/** Nobody is sent here any more where no client has come for so long. */
const QUIET_MS = 500

export class Program {
  readonly supervisor: Supervisor
  readonly #options: Options
  readonly #manager: ServiceManager
  #control: { readonly path: string; close(): void } | null = null
  #page: { readonly url: string; close(): void } | null = null
  #ending: Promise<void> | null = null
  #isHurrying = false
  #hurry: () => void = () => {}
  readonly #isHurried = new Promise<void>(resolve => {
    this.#hurry = resolve
  })

  constructor(options: Options) {
    this.#options = options
    this.supervisor = new Supervisor(options)
    this.#manager = new ServiceManager(this.log)
  }

  get log(): Log {
    return this.supervisor.log
  }

  /** Rejects with `StartError`, and leaves nothing open then. */
  async start(): Promise<void> {
    await this.supervisor.start()
    const where = this.#options.control ?? controlName(this.supervisor.places.port)
    await this.#openPage()
    try {
      this.#control = await openControl(where, order => this.#obey(order))
    } catch (error) {
      this.log.warn('server', `demo ctl will not work: ${(error as Error).message}`)
    }
    const { operations } = this.supervisor
    this.#manager.ready('serving', () => this.supervisor.isServing, operations)
  }

  /** The first call stops once all clients have what is theirs; the second does not wait. Resolves when all is over. */
  async stop(why: string): Promise<void> {
    if (this.#ending !== null) {
      this.#isHurrying = true
      this.#hurry()
      this.log.warn(
        'server',
        `${why} again: cutting off ${count(await this.supervisor.clientCount(), 'client')}`,
      )
      await this.supervisor.hurry()
    }
    this.#manager.stopping()
    this.#ending ??= this.#end(why)
    await this.#ending
  }

  reload(): Promise<string> {
    return this.supervisor.reload()
  }

  /** The address of the live page; null where there is none. */
  get pageUrl(): string | null {
    return this.#page?.url ?? null
  }

  async #openPage(): Promise<void> {
    const { page, host } = this.#options
    if (page === null) return
    try {
      this.#page = await openPage(page ?? PAGE_PORT, this.supervisor, host)
    } catch (error) {
      if (page === undefined) {
        this.#page = await openPage(0, this.supervisor, host)
        return
      }
      await this.supervisor.drain()
      const { code, message } = error as NodeJS.ErrnoException
      throw new StartError(
        code === 'EADDRINUSE'
          ? `port ${page} for the live page is taken. Choose another with --page, or do without: --no-page`
          : `the live page cannot be served on port ${page}: ${message}`,
      )
    }
  }

  async #end(why: string): Promise<void> {
    await this.#giveNotice(why)
    const clients = await this.supervisor.clientCount()
    this.log.info('server', `${why}: no longer accepting, ending ${count(clients, 'client')}`)
    await this.supervisor.drain()
    this.#page?.close()
    this.#manager.close()
    this.log.info('server', 'stopped')
    // Who asked for it has the answer first.
    setImmediate(() => this.#control?.close())
  }

  /** Serves on while health checks fail, so that nobody is sent here any more; a second stop ends that. */
  async #giveNotice(why: string): Promise<void> {
    const { drainNoticeSeconds, drainSeconds } = this.#options
    if (drainNoticeSeconds === 0) return
    await this.supervisor.announceDrain()
    this.log.info(
      'server',
      `${why}: health checks fail from now on; it stops in ${drainNoticeSeconds} s, once nobody is sent here any more`,
    )
    await this.#wait(drainNoticeSeconds * 1000)
    // A balancer may take longer to notice. Not for ever: a client may know us without it.
    let before = -1
    for (let leftMs = drainSeconds * 1000; leftMs > 0 && !this.#isHurrying; leftMs -= QUIET_MS) {
      const { connectionsReceived, healthChecks } = (await this.supervisor.status()).counts
      const clients = connectionsReceived - healthChecks
      if (clients === before) return
      before = clients
      await this.#wait(QUIET_MS)
    }
  }

  /** Resolves after that time, or when a second stop comes. */
  async #wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const isOver = new Promise<void>(resolve => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([isOver, this.#isHurried])
    clearTimeout(timer)
  }

  async #obey(order: Order): Promise<Outcome> {
    const { supervisor } = this
    this.log.debug('ctl', order.order)
    switch (order.order) {
      case 'status':
        return { status: await supervisor.status() }
      case 'reload':
        return { line: await supervisor.reload() }
      case 'scale':
        return { line: await supervisor.scale(order.workers) }
      case 'drain':
      case 'stop': {
        const stopped = this.stop(`demo ctl ${order.order}`)
        if (order.order === 'stop') void this.stop('demo ctl stop')
        await stopped
        return { line: 'stopped' }
      }
      default:
        throw new Error('unknown order')
    }
  }
}
