// The broker in one worker: its endpoints, its clients, its place among the other workers; how it comes up and goes down. It
// knows no command line and no signal.
import { takeListenFds } from '@x/ipc/systemd'
import { Broker } from '../client/broker'
import { newClient } from '../client/client-state'
import { Clients } from '../client/clients'
import { type Program, Session, type Surroundings } from '../client/session'
import { Statistics } from '../client/statistics'
import { execute } from '../commands/execute'
import { Log } from '../log'
import type { Link } from '../mesh/link'
import { Mesh } from '../mesh/mesh'
import { Arrivals } from '../move/arrivals'
import { Departures } from '../move/departures'
import type { MoveAnswers } from '../move/messages'
import type { Socket } from '../net'
import { defaultPath, type Options } from '../options'
import type { WorkerReport } from '../primary/hub-messages'
import { error } from '../resp/reply'
import { Admission } from './admission'
import { answersOf } from './answers'
import { Drops } from './drops'
import { Edge } from './edge'
import { type Endpoint, openDescriptor, openPath, openTcp, type Welcome } from './endpoints'
import type { HubLink } from './hub-link'
import { Observer } from './observer'

/** How often clients that get nothing any more are held against the soft output limit. */
const SWEEP_MS = 1000
/** Addresses that a report names. */
const BUSIEST = 20

export class Station {
  readonly #id: number
  readonly #hub: HubLink
  readonly #program: Program = { pid: 0, startedMs: 0, port: null, isDraining: false }
  readonly #surroundings: Surroundings
  readonly #admission: Admission
  readonly #edge: Edge
  readonly #drops: Drops
  readonly #arrivals: Arrivals
  readonly #observer: Observer
  readonly #endpoints: Endpoint[] = []
  #isLeaving = false
  #isStopping = false

  constructor(id: number, options: Options, hub: HubLink) {
    this.#id = id
    this.#hub = hub
    const broker = new Broker()
    const statistics = new Statistics()
    const clients = new Clients(id)
    this.#observer = new Observer(clients, sighting => hub.tell('seen', sighting))
    const mesh = new Mesh(id, { broker, statistics, observer: this.#observer }, options.maxRequestBytes)
    const log = new Log(options.logLevel)
    this.#surroundings = {
      options,
      log,
      broker,
      clients,
      statistics,
      mesh,
      program: this.#program,
      execute,
    }
    this.#arrivals = new Arrivals(this.#surroundings)
    this.#admission = new Admission(options.maxClients, clients, mesh)
    this.#edge = new Edge(options, clients)
    this.#drops = new Drops(statistics, log)
  }

  /** Joins the other workers, then opens what the options ask for. Rejects with `EndpointError`. */
  async start(): Promise<void> {
    const { mesh } = this.#surroundings
    mesh.listener = {
      answers: answersOf(this.#surroundings),
      moves: link => this.#answerMoves(link),
      arrived: (link, message) => this.#arrivals.arrived(link, message),
      progressed: () => this.#arrivals.progressed(),
      gone: link => this.#arrivals.forget(link),
      lost: (link, failure) => this.#lost(link, failure),
    }
    this.#serveHub()
    const path = await mesh.listen(`x-demo-hub-${process.ppid}-${this.#id}`)
    const { peers, pid, startedMs, isWatched, isDraining } = await this.#hub.ask('hello', {
      id: this.#id,
      pid: process.pid,
      path,
    })
    Object.assign(this.#program, { pid, startedMs, isDraining })
    this.#observer.watch(isWatched)
    await mesh.join(peers)
    await this.#open()
    setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  /** What is left to be done once no more clients come: the worker leaves, and has so long for those that are here. */
  async leave(deadlineMs: number): Promise<void> {
    this.#isLeaving = true
    if (this.#isStopping) {
      await Promise.all([...this.#surroundings.clients].map(session => session.end()))
      return
    }
    const departures = new Departures(this.#surroundings, () => this.#hub.ask('staying', null))
    await this.#hub.ask('left', await departures.run(deadlineMs))
  }

  #answerMoves(link: Link): MoveAnswers {
    return {
      announce: announcement => (this.#isLeaving ? null : this.#arrivals.announce(link, announcement)),
      callOff: id => {
        this.#arrivals.callOff(id)
        return null
      },
      inherit: counts => {
        this.#surroundings.statistics.add(counts)
        return null
      },
    }
  }

  async #open(): Promise<void> {
    const welcome = (socket: Socket, localPath: string | null) => void this.#welcome(socket, localPath)
    const given = takeListenFds()
    if (given.length > 0) {
      for (const descriptor of given)
        this.#endpoints.push(await openDescriptor(descriptor, this.#edge.serverOptions, welcome))
    } else await this.#openOwn(welcome)
    const port = this.#endpoints.find(endpoint => endpoint.port !== null)?.port ?? null
    const path = this.#endpoints.find(endpoint => endpoint.path !== null)?.path ?? null
    this.#program.port = port
    const { log } = this.#surroundings
    for (const { server } of this.#endpoints) {
      server.on('error', failure => log.error(`worker ${this.#id}`, failure.message))
      server.on('drop', about =>
        this.#drops.add(about?.reason ?? 'max-connections', about?.remoteAddress, about?.problem),
      )
    }
    await this.#hub.ask('opened', { port, path })
  }

  /** Opens what the options ask for. */
  async #openOwn(welcome: Welcome): Promise<void> {
    const { port, host, path } = this.#surroundings.options
    let opened = port
    if (port !== null) {
      const tcp = await openTcp({ port, host }, this.#edge.serverOptions, welcome)
      this.#endpoints.push(tcp)
      opened = tcp.port
    }
    if (path === null) return
    const at = path ?? defaultPath(opened)
    await this.#hub.ask('clearPath', at)
    this.#endpoints.push(await openPath(at, welcome))
  }

  #serveHub(): void {
    const { clients, mesh } = this.#surroundings
    this.#hub.serve({
      report: () => this.#report(),
      publish: ({ channel, text }) => mesh.count(Buffer.from(channel).toString('latin1'), Buffer.from(text)),
      stop: () => {
        this.#isStopping = true
        return null
      },
      hurry: () => {
        for (const session of clients) session.cut()
        return null
      },
      notice: () => {
        this.#program.isDraining = true
        return null
      },
      watch: isWatched => {
        this.#observer.watch(isWatched)
        return null
      },
    })
  }

  #report(): WorkerReport {
    const { clients, statistics } = this.#surroundings
    const sessions = [...clients]
    return {
      clients: sessions.length,
      subscribers: sessions.filter(session => session.isSubscriber).length,
      counts: statistics.counts,
      busiest: clients.busiest(BUSIEST),
    }
  }

  async #welcome(socket: Socket, localPath: string | null): Promise<void> {
    const { clients, options, statistics, log } = this.#surroundings
    statistics.connectionsReceived++
    socket.on('error', () => {})
    if (localPath === null && !this.#edge.hasRoomFor(socket.remoteAddress)) {
      this.#drops.add('address-limit', socket.remoteAddress)
      socket.destroy()
      return
    }
    const decision = this.#admission.mayEnter()
    const mayEnter = typeof decision === 'boolean' ? decision : await decision
    if (socket.destroyed) return
    if (mayEnter && !(this.#isStopping && this.#isLeaving)) {
      const session = new Session(socket, newClient(clients.nextId(), socket, localPath), this.#surroundings)
      if (session.isCheck) log.debug(session.who, 'connected')
      else log.info(session.who, 'connected')
      return
    }
    statistics.connectionsRejected++
    if (!mayEnter)
      log.warn('server', `a client was refused: ${options.maxClients} are connected (--max-clients)`)
    if (mayEnter) socket.end()
    else socket.end(error('ERR max number of clients reached'))
    socket.resume()
  }

  #lost(link: Link, failure: Error | null): void {
    if (this.#isStopping) return
    this.#hub.tell('lost', { id: link.id, why: failure?.message ?? 'it closed' })
  }

  #sweep(): void {
    const nowMs = Date.now()
    for (const session of this.#surroundings.clients) {
      if (session.isSubscriber) session.checkOutput()
      if (!this.#edge.isSilentTooLong(session, nowMs)) continue
      this.#drops.add('first-byte', session.address)
      session.cut()
    }
    this.#drops.tell()
  }
}
