// The worker's side of the node:cluster surface: its one Worker, leaving, and the listeners that come from the primary.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { setListenerSource } from '@x/core/internal'
import { selectTransport, type Transport } from '@x/core/transport'
import { ControlEndpoint } from '../control/endpoint'
import type { FromWorker, ToWorker, WorkerLoadReport } from '../control/messages'
import { LINK_VARIABLE, SCHED_NONE, SCHED_RR, WORKER_VARIABLE } from '../primary/primary'
import { Worker, type WorkerControl } from '../worker'
import { Drain, loadReporter } from './drain'
import { patchNodeServers } from './node-servers'
import { ClusterSource } from './source'

export class Child extends EventEmitter {
  readonly isMaster = false
  readonly isPrimary = false
  readonly isWorker = true
  readonly SCHED_NONE = SCHED_NONE
  readonly SCHED_RR = SCHED_RR
  readonly Worker = Worker
  schedulingPolicy: number = SCHED_RR
  /** This worker. */
  readonly worker: Worker
  readonly #control: ControlEndpoint<FromWorker, ToWorker>
  readonly #source: ClusterSource
  readonly #drain: Drain
  #load: (() => WorkerLoadReport) | null = null
  #isLeaving = false

  constructor() {
    super()
    const id = Number(process.env[WORKER_VARIABLE])
    const linkFd = Number(process.env[LINK_VARIABLE] ?? -1)
    // A child of this worker is not a worker of our primary.
    delete process.env[WORKER_VARIABLE]
    delete process.env[LINK_VARIABLE]

    const control: WorkerControl = {
      disconnect: () => this.#disconnect(),
      destroy: () => this.#destroy(),
      ready: () => void this.#control.notify({ act: 'ready' }),
      onDrain: task => this.#drain.add(task),
    }
    this.worker = new Worker(id, process, control)
    this.#control = new ControlEndpoint<FromWorker, ToWorker>(process, (message, reply, handle) =>
      this.#receive(message as ToWorker, reply as (body: FromWorker) => void, handle),
    )
    const transport: Transport = selectTransport().transport
    this.#source = new ClusterSource(transport, linkFd, this.#control)
    this.#drain = new Drain(this.#source, this.#control)
    setListenerSource(this.#source)
    patchNodeServers(this.#source)

    process.once('disconnect', () => {
      this.worker.emit('disconnect')
      // The primary is gone, or has let us go without asking: a worker does not outlive it.
      if (this.worker.exitedAfterDisconnect !== true) process.exit(0)
    })
    this.#control.notify({ act: 'online' })
  }

  #receive(message: ToWorker, reply: (body: FromWorker) => void, handle: unknown): void {
    switch (message.act) {
      case 'disconnect':
        this.worker.exitedAfterDisconnect = true
        this.#leave()
        break
      case 'drain':
        this.worker.exitedAfterDisconnect = true
        this.#drain.start(message.deadlineMs)
        break
      case 'ping':
        this.#load ??= loadReporter()
        this.#control.notify({ act: 'pong', load: this.#load() })
        break
      case 'connection':
        this.#source.takeSocket(message.listener, handle as Socket | undefined, reply)
        break
      default:
    }
  }

  #disconnect(): void {
    if (this.worker.exitedAfterDisconnect !== true) {
      this.worker.exitedAfterDisconnect = true
      if (this.#control.request({ act: 'exitedAfterDisconnect' }, () => this.#leave())) return
    }
    this.#leave()
  }

  /** Closes all servers, waits for their connections, then lets go of the channel. */
  #leave(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.#source.closeAll(() => {
      if (process.connected) process.disconnect?.()
    })
  }

  #destroy(): void {
    this.worker.exitedAfterDisconnect = true
    if (!process.connected) process.exit(0)
    process.once('disconnect', () => process.exit(0))
    const isSent = this.#control.request({ act: 'exitedAfterDisconnect' }, () => {
      if (process.connected) process.disconnect?.()
    })
    if (!isSent) process.exit(0)
  }
}
