// The worker's side of the node:cluster surface: its one Worker, and how it leaves. Listeners and connections are known
// elsewhere.
import { EventEmitter } from 'node:events'
import { setListenerSource } from '@x/core/internal'
import { selectTransport } from '@x/core/transport'
import { type ClusterModule, type ClusterModuleEvents, SCHED_NONE, SCHED_RR } from '../both/cluster-module'
import { ControlEndpoint, type Reply } from '../both/control-endpoint'
import { LINK_VARIABLE, SIGNALS_VARIABLE, WORKER_VARIABLE } from '../both/environment'
import { heedGroupSignals, leaveGroupSignals } from '../both/group-signals'
import { guarded } from '../both/guard'
import type { FromWorker, ToWorker, VitalSigns } from '../both/messages'
import { Worker } from '../both/worker'
import type { ClusterSettings } from '../primary/worker-settings'
import { ConnectionIntake } from './connection-intake'
import { DatagramSockets } from './datagram-sockets'
import { Drain } from './drain'
import { hostSocket } from './host-server'
import { patchHostServers } from './host-servers'
import { PrimarySource } from './listener-source'
import { ServedServers } from './served-servers'
import { watchVitalSigns } from './vital-signs'

export class WorkerCluster extends EventEmitter<ClusterModuleEvents> implements ClusterModule {
  readonly isMaster = false
  readonly isPrimary = false
  readonly isWorker = true
  readonly SCHED_NONE = SCHED_NONE
  readonly SCHED_RR = SCHED_RR
  readonly Worker = Worker
  readonly workers = undefined
  readonly settings: ClusterSettings = {}
  schedulingPolicy: number = SCHED_RR
  readonly worker: Worker
  readonly #control: ControlEndpoint<FromWorker>
  readonly #servers = new ServedServers()
  readonly #intake: ConnectionIntake
  readonly #source: PrimarySource
  readonly #drain: Drain
  readonly #datagrams: DatagramSockets
  #signs: (() => VitalSigns) | null = null
  /** `leaving`: it lets go of the primary when its servers have closed. `draining`: it exits then. */
  #state: 'serving' | 'leaving' | 'draining' = 'serving'

  constructor() {
    super()
    const { id, linkFd, leavesSignals } = takeEnvironment()
    if (leavesSignals) leaveGroupSignals()
    this.worker = new Worker(id, process, {
      disconnect: () => this.#disconnect(),
      destroy: () => this.#destroy(),
      isDead: () => false,
      ready: () => void this.#control.notify({ act: 'ready' }),
      onDrain: task => this.#drain.add(task),
    })
    this.#control = new ControlEndpoint<FromWorker>(process, {
      message: (body, reply, handle) => this.#receive(body as ToWorker, reply, handle),
      wrong() {},
    })
    const { transport } = selectTransport()
    const control = this.#control
    const servers = this.#servers
    this.#intake = new ConnectionIntake({
      transport,
      linkFd,
      control,
      connections: () => servers.connections(),
    })
    this.#source = new PrimarySource({ transport, control, intake: this.#intake, servers })
    this.#drain = new Drain(servers, control)
    setListenerSource(this.#source)
    patchHostServers(transport)
    this.#datagrams = new DatagramSockets(control)
    this.#datagrams.patch()
    process.once('disconnect', () => {
      // Nobody else answers them any more.
      heedGroupSignals()
      guarded(() => this.worker.emit('disconnect'))
      // The primary is gone, or has let us go without asking: a worker does not outlive it.
      if (this.worker.exitedAfterDisconnect !== true) process.exit(0)
      // It may have gone before it answered that we leave.
      this.#leave()
    })
    this.disconnect = this.disconnect.bind(this)
    control.notify({ act: 'online' })
  }

  fork(): Worker {
    throw primaryOnly('fork')
  }

  /** Lets go of the primary, as `worker.disconnect()` does. */
  disconnect(): void {
    this.worker.disconnect()
  }

  setupPrimary(): void {
    throw primaryOnly('setupPrimary')
  }

  setupMaster(): void {
    throw primaryOnly('setupMaster')
  }

  #receive(message: ToWorker, reply: Reply<FromWorker>, handle: unknown): void {
    switch (message.act) {
      case 'disconnect':
        this.worker.exitedAfterDisconnect = true
        this.#leave()
        break
      case 'drain':
        this.worker.exitedAfterDisconnect = true
        this.#state = 'draining'
        this.#intake.receiveNow()
        this.#source.leave()
        this.#datagrams.leave()
        this.#drain.start(message.deadlineMs, message.idleMs)
        break
      case 'ping':
        this.#signs ??= watchVitalSigns()
        this.#control.notify({ act: 'pong', signs: this.#signs() })
        break
      case 'signal':
        reply({ act: 'heeded' })
        heedGroupSignals([message.signal])
        process.kill(process.pid, message.signal)
        break
      case 'connection':
        this.#intake.takeSocket(message.listener, message.id, hostSocket(handle))
        break
      case 'delivered':
        this.#intake.checkDelivered(message.id)
        break
      default:
    }
  }

  #disconnect(): void {
    if (this.worker.exitedAfterDisconnect !== true) {
      this.worker.exitedAfterDisconnect = true
      if (this.#control.request({ act: 'leaving' }, () => this.#leave())) return
    }
    this.#leave()
  }

  /** Closes all servers, waits for their connections, then lets go of the channel. */
  #leave(): void {
    if (this.#state !== 'serving') return
    this.#state = 'leaving'
    // What was sent to it before is still its own: there may be no other worker.
    this.#intake.receiveNow()
    this.#source.leave()
    this.#datagrams.leave()
    this.#servers.closeAll(() => {
      if (process.connected) process.disconnect?.()
    })
  }

  #destroy(): void {
    this.worker.exitedAfterDisconnect = true
    if (!process.connected) process.exit(0)
    process.once('disconnect', () => process.exit(0))
    const isSent = this.#control.request({ act: 'leaving' }, () => {
      if (process.connected) process.disconnect?.()
    })
    if (!isSent) process.exit(0)
  }
}

/** What the primary has said by the environment; a child of this worker is not a worker of our primary. */
function takeEnvironment(): { id: number; linkFd: number; leavesSignals: boolean } {
  const id = Number(process.env[WORKER_VARIABLE])
  const linkFd = Number(process.env[LINK_VARIABLE] ?? -1)
  const leavesSignals = process.env[SIGNALS_VARIABLE] !== undefined
  for (const name of [WORKER_VARIABLE, LINK_VARIABLE, SIGNALS_VARIABLE]) delete process.env[name]
  return { id, linkFd, leavesSignals }
}

function primaryOnly(name: string): TypeError {
  return new TypeError(`cluster.${name} is not a function in a worker`)
}
