// The broker as a whole: its endpoints, its clients, and how it comes up and goes down. It knows no command line and
// no signal.
import { Broker } from './broker'
import { Clients } from './clients'
import { execute } from './commands/execute'
import { closeEndpoint, type Endpoint, openPath, openTcp } from './endpoints'
import { Log } from './log'
import type { Socket } from './net'
import { defaultPath, type Options } from './options'
import { error } from './resp/reply'
import { Session, type Surroundings } from './session'
import { Statistics } from './statistics'

/** How often clients that get nothing any more are held against the soft output limit. */
const SWEEP_MS = 1000

export class Demo {
  readonly log: Log
  readonly #surroundings: Surroundings
  readonly #endpoints: Endpoint[] = []
  #sweeper: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.log = new Log(options.logLevel)
    this.#surroundings = {
      options,
      log: this.log,
      broker: new Broker(),
      clients: new Clients(),
      statistics: new Statistics(),
      execute,
    }
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints
  }

  get clientCount(): number {
    return this.#surroundings.clients.count
  }

  /** Opens what the options ask for. Rejects with `EndpointError`, and leaves nothing open then. */
  async start(): Promise<void> {
    const { port, host, path } = this.#surroundings.options
    const welcome = (socket: Socket, localPath: string | null) => this.#welcome(socket, localPath)
    try {
      let tcp: Endpoint | null = null
      if (port !== null) {
        tcp = await openTcp(port, host, welcome)
        this.#endpoints.push(tcp)
      }
      if (path !== null) this.#endpoints.push(await openPath(path ?? defaultPath(tcp?.port ?? null), welcome))
    } catch (error) {
      for (const endpoint of this.#endpoints) endpoint.server.close()
      throw error
    }
    for (const { server } of this.#endpoints) {
      server.on('error', failure => this.log.error('server', failure.message))
    }
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  /** Stops accepting, and ends each client once its replies are out. Resolves when all is closed. */
  async stop(): Promise<void> {
    clearInterval(this.#sweeper)
    const sessions = [...this.#surroundings.clients]
    await Promise.all([...this.#endpoints.map(closeEndpoint), ...sessions.map(session => session.end())])
  }

  /** Ends what `stop` waits for, at once. */
  hurry(): void {
    for (const session of this.#surroundings.clients) session.cut()
  }

  #welcome(socket: Socket, localPath: string | null): void {
    const { clients, options, statistics } = this.#surroundings
    statistics.connectionsReceived++
    if (clients.count < options.maxClients) {
      new Session(socket, localPath, this.#surroundings)
      return
    }
    statistics.connectionsRejected++
    this.log.warn('server', `a client was refused: ${clients.count} are connected (--max-clients)`)
    socket.on('error', () => {})
    socket.end(error('ERR max number of clients reached'))
    socket.resume()
  }

  #sweep(): void {
    for (const session of this.#surroundings.clients) {
      if (session.isSubscriber) session.checkOutput()
    }
  }
}
