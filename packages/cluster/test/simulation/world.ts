// All that surrounds a simulated primary: the system that it asks, clients that connect, and what goes wrong, as a seed
// decides. It checks the laws that a cluster keeps.
import type { ChildProcess } from 'node:child_process'
import type { ListenerHandle, Transport } from '@x/core/transport'
import { UV_EMFILE, UV_ENOTSUP } from '@x/core/transport'
import type { PrimaryOs } from '../../src/primary/os'
import type { Candidate, Policy } from '../../src/primary/policy'
import { leastConnections, roundRobin, sticky } from '../../src/primary/policy'
import { DescriptorTable } from './descriptor-table'
import type { Scheduler } from './scheduler'
import { LinkEnd, SimulatedPair } from './simulated-link'
import { SimulatedPeeks } from './simulated-peek'
import { type Client, SimulatedWorker } from './simulated-worker'

type Accept = (status: number, fds: readonly number[]) => void

export class World {
  readonly scheduler: Scheduler
  /** The primary's descriptors. */
  readonly table = new DescriptorTable('the primary')
  readonly workers: SimulatedWorker[] = []
  readonly clients: Client[] = []
  /** Those that the primary has accepted. */
  readonly accepted: Client[] = []
  readonly broken: string[] = []
  readonly #peeks: SimulatedPeeks
  /** Workers lie on their links, too. What such a worker was sent and had not answered ends with it. */
  readonly liesOnLinks: boolean
  hasLied = false
  /** While false, nothing goes wrong. */
  isHostile = true
  #isQuotaUsed = false
  #backlog: Client[] = []
  #accept: Accept | null = null
  #isPaused = false
  #lastPid = 100

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler
    this.liesOnLinks = scheduler.chance(0.2)
    this.#peeks = new SimulatedPeeks({ scheduler, table: this.table, fails: share => this.#fails(share) })
  }

  get waiting(): number {
    return this.#backlog.length
  }

  get os(): PrimaryOs {
    const { scheduler } = this
    return {
      spawn: (_file, _args, options) => this.#spawn(options.env ?? {}, options.stdio as unknown[]),
      setTimeout: (call, ms) => scheduler.after(ms, call),
      clearTimeout: timer => (timer as unknown as { cancel(): void }).cancel(),
      now: scheduler.now,
      random: scheduler.random,
      transport: {
        ...this.transportOf(this.table, null),
        listener: () => this.#listener(),
      } as unknown as Transport,
    }
  }

  /** What moves descriptors in one process. `link`: what a worker's `channel` gives. */
  transportOf(table: DescriptorTable, link: LinkEnd | null): Partial<Transport> {
    return {
      name: 'simulated',
      descriptors: {
        socketPair: () => {
          if (this.#fails(0.05) || table.isFull) return UV_EMFILE
          const pair = new SimulatedPair(this.scheduler)
          pair.isQuotaUsed = () => this.#isQuotaUsed
          return [table.add(pair.ends[0]), table.add(pair.ends[1])]
        },
        channel: fd => {
          if (link) return link
          const end = table.get(fd) as LinkEnd
          end.table = table
          table.close([fd])
          return end
        },
        duplicate: () => UV_ENOTSUP,
        peerOf: fd => ({ family: 'IPv4', address: (table.get(fd) as Client).address, port: 1 }),
        close: fds =>
          this.checked(() => {
            if (link === null) this.#peeks.checkFree(fds)
            if (link === null && this.hasLied) for (const fd of fds) this.#noteGivenUp(table.get(fd))
            table.close(fds)
          }),
        lockFile: () => UV_ENOTSUP,
        openSocket: () => UV_ENOTSUP,
        optionNumbers: () => [],
        setOption: () => UV_ENOTSUP,
        getOption: () => UV_ENOTSUP,
        take() {},
        probe: () => UV_ENOTSUP,
        closeOnExec: () => 0,
        sendDatagram: () => UV_ENOTSUP,
        peek: (fd, most, seen) => this.#peeks.peek(fd, most, seen),
      },
    }
  }

  /** Runs what may break a law. */
  checked(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.broken.push((error as Error).message)
    }
  }

  served(client: Client, worker: SimulatedWorker): void {
    client.servedBy.push(worker)
    if (client.servedBy.length > 1) this.broken.push(`client ${client.id} is served twice`)
  }

  shouldFailToStart(): boolean {
    return this.#fails(0.1)
  }

  isAdoptRefused(): boolean {
    return this.#fails(0.01)
  }

  connect(count: number): void {
    for (let i = 0; i < count; i++) {
      const id = this.clients.length
      const client: Client = {
        id,
        address: `10.0.0.${this.scheduler.upTo(20)}`,
        servedBy: [],
        isEnded: false,
      }
      this.clients.push(client)
      this.#backlog.push(client)
    }
    this.#acceptSoon()
  }

  /** Something goes wrong somewhere. */
  harm(): void {
    const { scheduler } = this
    const alive = this.workers.filter(worker => worker.isAlive)
    const worker = alive[scheduler.upTo(alive.length)]
    if (worker === undefined) return
    switch (scheduler.upTo(7)) {
      case 0:
        worker.end('SIGKILL')
        break
      case 1:
        worker.stop()
        scheduler.after(scheduler.upTo(500), () => worker.resume())
        break
      case 2:
        worker.lie()
        break
      case 3:
        worker.table.limit = worker.table.size + scheduler.upTo(4)
        scheduler.after(scheduler.upTo(800), () => {
          worker.table.limit = Number.POSITIVE_INFINITY
        })
        break
      case 4:
        worker.maxConnections = scheduler.upTo(5)
        scheduler.after(scheduler.upTo(800), () => worker.raiseMaxConnections())
        break
      case 5:
        this.#isQuotaUsed = true
        scheduler.after(scheduler.upTo(500), () => {
          this.#isQuotaUsed = false
        })
        break
      default:
        this.connect(scheduler.upTo(200))
    }
  }

  /** From now on nothing goes wrong any more, and what was short is there again. */
  heal(): void {
    this.isHostile = false
    this.#isQuotaUsed = false
    for (const worker of this.workers) {
      worker.table.limit = Number.POSITIVE_INFINITY
      worker.raiseMaxConnections()
      worker.resume()
    }
  }

  /** One of the policies, some of which err now and then, and some of which look at first bytes. */
  policy(): Policy {
    const chosen = [roundRobin, leastConnections, sticky][this.scheduler.upTo(3)]!()
    const inner = this.scheduler.chance(0.3) ? this.#peeking(chosen) : chosen
    if (this.scheduler.chance(0.5)) return inner
    return {
      ...inner,
      name: 'erring',
      needsAddress: true,
      pick: (candidates, incoming) => {
        if (this.#fails(0.05)) throw new Error('of a simulated policy')
        if (this.#fails(0.05)) return null
        if (this.#fails(0.05)) return { ...(candidates[0] as Candidate) }
        return inner.pick(candidates, incoming)
      },
    }
  }

  /** It goes by the first byte, once four have come or the time is over. */
  #peeking(inner: Policy): Policy {
    return {
      name: 'peeking',
      needsAddress: true,
      peek: {
        maxBytes: 16,
        deadlineMs: 100,
        maxWaiting: 50,
        isEnough: bytes => {
          if (this.#fails(0.02)) throw new Error('of a simulated policy')
          return bytes.length >= 4
        },
      },
      pick: (candidates, incoming) =>
        candidates[(incoming.firstBytes[0] ?? 0) % candidates.length] ?? inner.pick(candidates, incoming),
    }
  }

  /** Laws that hold once all has come to rest: nobody waits who is not known to have died with a worker. */
  checkServed(): void {
    if (this.#backlog.length > 0) this.broken.push(`${this.#backlog.length} clients wait in the backlog`)
    const lost = this.clients.filter(client => client.servedBy.length === 0 && !client.isEnded).length
    if (lost > 0) this.broken.push(`${lost} clients are lost`)
    const held = this.table.values().filter(thing => !(thing instanceof LinkEnd)).length
    if (held > 0) this.broken.push(`the primary holds ${held} connections`)
  }

  /** The primary closes it: where no worker has it, that tells its client. */
  #noteGivenUp(thing: unknown): void {
    const client = this.clients.find(each => each === thing)
    if (client && client.servedBy.length === 0) client.isEnded = true
  }

  #fails(share: number): boolean {
    return this.isHostile && this.scheduler.chance(share)
  }

  #spawn(_env: NodeJS.ProcessEnv, stdio: unknown[]): ChildProcess {
    const { scheduler } = this
    if (this.#fails(0.05))
      throw Object.assign(new Error('spawn EMFILE'), { code: 'EMFILE', errno: UV_EMFILE })
    const link = this.table.get(stdio.at(-1) as number) as LinkEnd
    const worker = new SimulatedWorker(this, ++this.#lastPid, link)
    if (this.#fails(0.05)) {
      // As with a folder that is not there: told by 'error' alone.
      worker.child.pid = undefined
      worker.child.connected = false
      worker.abandon()
      scheduler.after(1, () => {
        worker.child.exitCode = -2
        worker.child.emit('error', Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT', errno: -2 }))
      })
      return worker.child as unknown as ChildProcess
    }
    this.workers.push(worker)
    return worker.child as unknown as ChildProcess
  }

  #listener(): ListenerHandle {
    const handle = {
      kind: 'tcp' as const,
      fd: -1,
      bind: () => 0,
      listenDescriptors: (_backlog: number, accept: Accept) => {
        this.#accept = accept
        this.#acceptSoon()
        return 1
      },
      pause: () => {
        this.#isPaused = true
        return 0
      },
      resume: () => {
        this.#isPaused = false
        this.#acceptSoon()
        return 0
      },
      sockname: () => ({ family: 'IPv4' as const, address: '0.0.0.0', port: 80 }),
      close: () => {
        this.#accept = null
        this.#backlog = []
      },
    }
    return handle as unknown as ListenerHandle
  }

  #acceptSoon(): void {
    this.scheduler.after(this.scheduler.upTo(3), () => {
      if (this.#isPaused || this.#accept === null || this.#backlog.length === 0) return
      const clients = this.#backlog.splice(0, 1 + this.scheduler.upTo(60))
      this.accepted.push(...clients)
      this.#accept(
        0,
        clients.map(client => this.table.add(client)),
      )
      this.#acceptSoon()
    })
  }
}
