// One worker of a primary, from its start to its end: its process, its state, what takes connections to it, and what it has
// told of itself. node:cluster's Worker is a face of it. It knows no listener and no other worker.
import type { ChildProcess } from 'node:child_process'
import { systemError } from '@x/core/internal'
import { ControlEndpoint, type Reply } from '../both/control-endpoint'
import { clusterError } from '../both/errors'
import { groupSignal } from '../both/group-signals'
import type { FromWorker, ToWorker, VitalSigns } from '../both/messages'
import { Worker } from '../both/worker'
import { readWorkerMessage, WrongMessage } from '../both/worker-message'
import { type Carrier, type CarrierHost, type Connection, LAST_WORDS_MS, type Settled } from './carrier'
import { guardChannel } from './channel-guard'
import { LinkCarrier } from './link-carrier'
import type { PrimaryOs, Timer } from './os'
import type { Candidate } from './policy'
import { ShortagePause } from './shortage-pause'
import { SocketCarrier } from './socket-carrier'
import { startProcess } from './start-process'
import type { ClusterSettings } from './worker-settings'

/**
 * `starting`: its process has been started, or is about to fail to start. `ready`: it may get connections. `draining`: it
 * was told to leave and gets no more. `gone`: the process has ended, or could not be started. Only forward.
 */
export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone'

/** How a worker ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not be started, or what it said that it must not say; null for other ends. */
  readonly error: Error | null
}

/** How a drained worker left. */
export interface DrainReport {
  readonly id: number
  /** Connections that ended by themselves, and those that the deadline ended. */
  readonly ended: number
  readonly forced: number
}

/** Who owns a worker, and hears of it. */
export interface WorkerOwner {
  /** A message about listeners, or 'listening' and 'online'. */
  message(worker: WorkerProcess, message: FromWorker, reply: Reply<ToWorker>): void
  /** It may take connections again, or none any more. */
  changed(worker: WorkerProcess): void
  /** `disconnect` was called on it: it is on its way out. */
  left(worker: WorkerProcess): void
  /** Its channel has closed. Told once, before or after `ended`. */
  disconnected(worker: WorkerProcess): void
  /** It is gone. Told once. */
  ended(worker: WorkerProcess, end: WorkerEnd): void
  /** Something went wrong that a person should know of. */
  warn(error: Error, worker: WorkerProcess): void
}

export interface WorkerStart {
  readonly id: number
  /** Its place among the workers, from 0. */
  readonly place: number
  readonly weight: number
  readonly settings: ClusterSettings
  readonly env: NodeJS.ProcessEnv
  /** Signals that may have been sent to the whole process group are answered by us alone. */
  readonly leavesSignals: boolean
  readonly owner: WorkerOwner
}

/** Connections on their way to one worker; more wait, so that a worker which hangs holds few. */
const WIDEST_WINDOW = 64

export class WorkerProcess {
  readonly id: number
  readonly place: number
  readonly weight: number
  readonly startedAt: number
  /** As node:cluster shows it. */
  readonly face: Worker
  /** As a policy sees it. */
  readonly candidate: Candidate
  /** Connections handed to it and confirmed. */
  accepted = 0
  /** What it said of itself last. */
  signs: VitalSigns = { memory: 0, lagMs: 0 }
  /** Goes up whenever it may take what it has refused before. */
  roomChanges = 0
  /** How it ended; null before. */
  end: WorkerEnd | null = null
  /** True once it was told to leave, or killed, by whoever keeps it up: its end is no failure. */
  isDismissed = false
  /** Questions that it has not answered. */
  unanswered = 0
  readonly #os: PrimaryOs
  readonly #owner: WorkerOwner
  readonly #child: ChildProcess
  readonly #control: ControlEndpoint<ToWorker>
  readonly #carrier: Carrier | null
  readonly #pause: ShortagePause
  #state: WorkerState = 'starting'
  /** Connections that its servers hold, as it told last. */
  #held = 0
  /** Connections that were given to it and are not settled. */
  #underWay = 0
  /**
   * How many may be on their way. A message that a worker has not the descriptors for is lost as a whole, so each loss
   * halves it, and what is taken whole doubles it again.
   */
  #window = WIDEST_WINDOW
  #error: Error | null = null
  #kill: Timer | null = null
  #drained: DrainReport | null = null
  /** How it was told to leave, or to end; null before. */
  #farewell: ToWorker | null = null
  readonly #leavesSignals: boolean
  #isOnline = false
  readonly #watchers = new Set<() => void>()

  constructor(os: PrimaryOs, start: WorkerStart) {
    this.#os = os
    this.#owner = start.owner
    this.id = start.id
    this.place = start.place
    this.weight = start.weight
    this.startedAt = os.now()
    this.#pause = new ShortagePause(os, () => this.#changed())
    const made = startProcess(os, start)
    this.#child = made.child
    guardChannel(made.child, what => this.fail(what))
    this.face = new Worker(start.id, made.child, {
      disconnect: () => this.leave(),
      destroy: signal => this.#signal(signal ?? 'SIGTERM'),
      isDead: () => this.#state === 'gone',
    })
    this.candidate = candidateOf(this)
    this.#leavesSignals = start.leavesSignals
    this.#control = new ControlEndpoint<ToWorker>(
      made.child,
      { message: (body, reply) => this.#receive(body, reply), wrong: what => this.fail(what) },
      MOST_UNSENT,
    )
    this.#carrier = this.#openCarrier(made.linkFd)
    this.#follow()
  }

  get state(): WorkerState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Connections that it holds, those on their way to it included. */
  get connections(): number {
    return this.#held + this.#underWay
  }

  /** Connections sent that it has not confirmed. */
  get underWay(): number {
    return this.#underWay
  }

  /** It ended by a signal that was sent to the whole process group, before it had loaded what leaves those to us. */
  get fellWithGroup(): boolean {
    const signal = this.end?.signal ?? null
    const isOfGroup = this.#leavesSignals && signal !== null && groupSignal(signal) !== null
    return isOfGroup && !this.#isOnline && this.#farewell === null
  }

  /** Whether one more connection may be given to it now. */
  get hasRoom(): boolean {
    return (
      this.#state === 'ready' &&
      this.#underWay < this.#window &&
      !this.#pause.isOn &&
      this.#carrier?.isOpen === true
    )
  }

  /** A connection is about to be given to it: from now on it counts. */
  reserve(): void {
    this.#underWay++
  }

  /** Gives it connections that were reserved. `settled` gets the indexes of those that it does not have. */
  give(listener: number, batch: readonly Connection[], settled: Settled): void {
    const done: Settled = (refused, why) => {
      this.#underWay -= batch.length
      if (refused.length === 0) this.#window = Math.min(WIDEST_WINDOW, this.#window * 2)
      settled(refused, why)
      this.#owner.changed(this)
    }
    this.#carrier?.send(listener, batch, done)
  }

  /** Gives it a bound descriptor that stays ours; `sent` when our copy may go. */
  giveListener(listener: number, fd: number, sent: () => void): void {
    this.#carrier?.giveListener(listener, fd, sent)
  }

  /** Takes in what it has said by now. */
  receiveNow(): void {
    this.#carrier?.receiveNow()
  }

  /** It can serve. */
  becomeReady(): void {
    if (this.#state === 'starting') this.#move('ready')
  }

  /** Resolves once it is in one of these states. */
  async reaches(...states: readonly WorkerState[]): Promise<void> {
    while (!states.includes(this.#state)) {
      await new Promise<void>(resolve => this.#watchers.add(resolve))
    }
  }

  /** Asks how it is. It counts what it has not answered. */
  ask(): void {
    this.unanswered++
    this.#control.notify({ act: 'ping' })
  }

  /** How it left; after a drain, once it is gone. */
  get drained(): DrainReport {
    return this.#drained ?? { id: this.id, ended: 0, forced: this.#held }
  }

  /** Tells it to close its servers and to leave when their connections have ended. */
  leave(): void {
    this.face.exitedAfterDisconnect = true
    this.#bid({ act: 'disconnect' })
    this.#stopTaking()
    this.#owner.left(this)
  }

  /**
   * Tells it to leave by a deadline. `idleMs`: what its idle HTTP connections have for one more request. A worker that
   * does not even hear its deadline is killed for it.
   */
  drain(deadlineMs: number, idleMs: number): void {
    if (this.#state === 'gone') return
    this.isDismissed = true
    this.face.exitedAfterDisconnect = true
    this.#bid({ act: 'drain', deadlineMs, idleMs })
    this.#killAfter(deadlineMs + DEAF_MS)
    this.#stopTaking()
  }

  /** It leaves by itself, and has so long for it; then it is killed, like one that is deaf to its deadline. */
  endWithin(ms: number): void {
    if (this.#state !== 'gone') this.#killAfter(ms + DEAF_MS)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Ends it at once, by plan. */
  discard(): void {
    this.isDismissed = true
    this.kill()
  }

  /** It leaves by itself. */
  noteLeaving(): void {
    this.face.exitedAfterDisconnect = true
    this.#stopTaking()
  }

  /**
   * A worker that leaves signals of its group to us cannot tell this one from those: it is asked to heed it, and killed where it
   * hears nothing.
   */
  #signal(signal: NodeJS.Signals | number): void {
    const name = this.#leavesSignals ? groupSignal(signal) : null
    // Before it has loaded this package it leaves none.
    if (name === null || !this.#isOnline) this.#child.kill(signal)
    if (name === null || this.#state === 'gone') return
    const deaf = this.#os.setTimeout(() => this.kill(), DEAF_MS)
    deaf.unref()
    this.#farewell = { act: 'signal', signal: name }
    this.#control.request(this.#farewell, () => this.#os.clearTimeout(deaf))
  }

  /** What is sent before the worker's program has loaded this package is heard by nobody: it is said again then. */
  #bid(farewell: ToWorker): void {
    this.#farewell = farewell
    this.#control.notify(farewell)
  }

  #stopTaking(): void {
    if (this.#state === 'starting' || this.#state === 'ready') this.#move('draining')
  }

  #move(state: WorkerState): void {
    this.#state = state
    this.#changed()
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher()
  }

  /** It said what it must not say: nothing that it says can be relied on any more. */
  fail(what: string): void {
    if (this.#error !== null || this.#state === 'gone') return
    this.#error = clusterError('ERR_X_CLUSTER_PROTOCOL', this.id, what)
    this.#owner.warn(this.#error, this)
    this.#stopTaking()
    this.kill()
  }

  #openCarrier(linkFd: number): Carrier | null {
    const host: CarrierHost = {
      told: connections => this.#told(connections),
      toldUnasked: connections => this.#toldUnasked(connections),
      took: count => {
        this.accepted += count
        if (count > 0) this.#pause.reset()
      },
      short: () => {
        this.#window = Math.max(1, this.#window >> 1)
        this.#pause.start()
      },
      wrong: what => this.fail(what),
      closed: () => this.#onLinkClosed(),
    }
    const { descriptors } = this.#os.transport
    if (descriptors === null) return new SocketCarrier(this.#os, this.#control, host)
    if (linkFd < 0) return null
    const link = LinkCarrier.open(this.#os, descriptors, linkFd, host)
    if (typeof link !== 'number') return link
    descriptors.close([linkFd])
    this.#error = systemError(link, 'channel')
    this.kill()
    return null
  }

  /** A process that ends closes its link and then is told of as ended; one that goes on without its link is of no use. */
  #onLinkClosed(): void {
    this.#changed()
    if (this.#state !== 'gone') this.#killAfter(LAST_WORDS_MS)
  }

  #killAfter(ms: number): void {
    if (this.#kill) this.#os.clearTimeout(this.#kill)
    this.#kill = this.#os.setTimeout(() => this.kill(), ms)
    this.#kill.unref()
  }

  #told(connections: number): void {
    if (connections < this.#held) return this.#toldUnasked(connections)
    this.#held = connections
  }

  #toldUnasked(connections: number): void {
    // What ends gives back its descriptors.
    if (connections < this.#held) this.#pause.stop()
    this.#held = connections
    this.#changed()
  }

  #changed(): void {
    this.roomChanges++
    this.#owner.changed(this)
  }

  #receive(body: unknown, reply: Reply<ToWorker>): void {
    if (this.#error !== null) return
    let message: FromWorker
    try {
      message = readWorkerMessage(body)
    } catch (error) {
      if (!(error instanceof WrongMessage)) throw error
      return this.fail(error.message)
    }
    // The last words of a process may come after its end is known; what it took counts all the same.
    if (this.#state === 'gone' && message.act !== 'taken') return
    switch (message.act) {
      case 'online':
        this.#isOnline = true
        if (this.#farewell) this.#control.notify(this.#farewell)
        this.#owner.message(this, message, reply)
        break
      case 'taken':
        if (this.#carrier instanceof SocketCarrier) this.#carrier.taken(message)
        else this.fail('an answer to a connection that it was not sent')
        break
      case 'connections':
        this.#toldUnasked(message.connections)
        break
      case 'pong':
        this.signs = message.signs
        this.unanswered = 0
        break
      case 'drained':
        this.#drained = { id: this.id, ended: message.ended, forced: message.forced }
        reply({ act: 'done' })
        break
      case 'leaving':
        this.noteLeaving()
        reply({ act: 'done' })
        break
      default:
        this.#owner.message(this, message, reply)
    }
  }

  #follow(): void {
    const child = this.#child
    child.once('exit', (code, signal) => this.#onEnd(code, signal))
    child.on('error', error => {
      // A process that could not be started has no other end; of one that runs, this tells of a lost signal or message.
      if (child.pid !== undefined) return
      this.#error ??= error
      this.#onEnd(child.exitCode ?? (error as NodeJS.ErrnoException).errno ?? null, null)
    })
    child.once('disconnect', () => {
      if (this.#carrier instanceof SocketCarrier) this.#carrier.channelClosed()
      this.#stopTaking()
      this.#owner.disconnected(this)
    })
  }

  #onEnd(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#state === 'gone') return
    this.#pause.stop()
    if (this.#kill) this.#os.clearTimeout(this.#kill)
    this.end = { code, signal, error: this.#error }
    this.#move('gone')
    this.#carrier?.end()
    this.#owner.ended(this, this.end)
  }
}

/** The health watch and the window of connections end long before. */
const MOST_UNSENT = 1024

/** Beyond its deadline, for a worker that cannot hear it. */
const DEAF_MS = 2000

function candidateOf(worker: WorkerProcess): Candidate {
  return {
    id: worker.id,
    place: worker.place,
    weight: worker.weight,
    get connections() {
      return worker.connections
    },
  }
}
