// The event loop that the handles of virtual hosts live on: the phases of libuv, and descriptors that become ready as
// epoll(7) of Linux has them. It knows when a handle is called, and nothing of connections. docs/design.md has it in words.
import type { AsyncResource } from 'node:async_hooks'

/** What a descriptor is ready for (poll(2)). `ERR` and `HUP` are told unasked. */
export const IN = 1
export const OUT = 2
export const ERR = 4
export const HUP = 8
const UNASKED = ERR | HUP

/** libuv calls back what was done at once in a poll so many times before it goes on (uv_run). */
const MOST_ROUNDS = 8

/** One call of the code above: the ticks and promises that follow from it run before the next. */
export type Call = () => void

/** What a loop calls for one event, call by call: what runs in between may change what comes next. */
export type Calls = Generator<Call, void>

/** A handle with a descriptor, as its loop sees it. */
export interface Pollable {
  /** Whose doing its calls are. */
  readonly context: AsyncResource | null
  /** What the system says of its descriptor now. */
  readiness(): number
  /** An event: what was polled, or `OUT` where it was fed. */
  handle(events: number): Calls
}

/** A call, and in whose context it is made. */
export interface ScopedCall {
  readonly run: Call
  readonly context: AsyncResource | null
}

/** Something to do in the current phase. */
interface Work {
  readonly context: AsyncResource | null
  /** Null where there is nothing to do any more. */
  begin(): Calls | null
}

/** What a loop asks of the watchers of its handles, and they of it. */
interface LoopFace {
  changed(watcher: Watcher): void
  ready(watcher: Watcher): void
  forgotten(watcher: Watcher): void
  fed(watcher: Watcher): void
}

/** A descriptor on a loop: what its handle waits for, and whether epoll has it in its list of ready ones. */
export class Watcher {
  readonly target: Pollable
  readonly #loop: LoopFace
  /** What the handle waits for. */
  wanted = 0
  /** What the loop believes that epoll was asked for. */
  #asked = 0
  /** What epoll was asked for; null where it does not know the descriptor. */
  #interest: number | null = null
  /** The loop has still to tell epoll. */
  #isChanged = false
  /** In epoll's list of ready descriptors. */
  isReady = false
  isFed = false
  isClosed = false

  constructor(target: Pollable, loop: LoopFace) {
    this.target = target
    this.#loop = loop
  }

  start(events: number): void {
    this.wanted |= events
    this.#change()
  }

  /** epoll is not told where nothing is wanted any more: the next event tells the loop that it need not hear of it. */
  stop(events: number): void {
    this.wanted &= ~events
    if (this.wanted === 0) this.#asked = 0
    else this.#change()
  }

  #change(): void {
    if (this.isClosed || this.wanted === this.#asked || this.#isChanged) return
    this.#isChanged = true
    this.#loop.changed(this)
  }

  /** The loop tells epoll what is wanted, before it polls. */
  arm(): void {
    this.#isChanged = false
    if (this.isClosed || this.wanted === 0) return
    this.#asked = this.wanted
    this.#interest = this.wanted
    if (this.poll() !== 0) this.#list()
  }

  /** Something has happened to the descriptor: `events`, or 0 for a change of its state, which wakes whoever waits. */
  wake(events = 0): void {
    if (this.#interest === null) return
    if (events === 0 || (events & (this.#interest | UNASKED)) !== 0) this.#list()
  }

  #list(): void {
    if (this.isReady || this.isClosed) return
    this.isReady = true
    this.#loop.ready(this)
  }

  /** What epoll tells of it now. */
  poll(): number {
    if (this.isClosed || this.#interest === null) return 0
    return this.target.readiness() & (this.#interest | UNASKED)
  }

  /** The events that the handle hears of; 0 where it is none of its business. */
  told(events: number): number {
    if (this.isClosed) return 0
    if (this.wanted === 0) {
      this.#interest = null
      this.#loop.forgotten(this)
      return 0
    }
    const told = events & (this.wanted | UNASKED)
    // What comes alone says nothing of what to do about it.
    return told === ERR || told === HUP ? told | this.wanted : told
  }

  /** The handle is called with `OUT` behind the poll, without one. */
  feed(): void {
    if (this.isFed || this.isClosed) return
    this.isFed = true
    this.#loop.fed(this)
  }

  close(): void {
    this.isClosed = true
    this.#interest = null
    this.wanted = 0
  }
}

/**
 * The phases. `outside`: other code of the process runs (immediates, for one, which libuv has between the poll and the
 * closing of handles), or the loop waits.
 */
type Phase = 'outside' | 'closing' | 'pending' | 'poll' | 'fed'

/** An event loop: it says what is called next, and others call it. */
export class EventLoop {
  readonly #hasWork: (context: AsyncResource | null) => void
  readonly #face: LoopFace
  #phase: Phase = 'outside'
  #rounds = 0
  #changed: Watcher[] = []
  #ready: Watcher[] = []
  #fed: Watcher[] = []
  #closing: Work[] = []
  /** What is left of this phase. */
  #batch: Work[] = []
  #running: { readonly calls: Calls; readonly context: AsyncResource | null } | null = null

  /** `hasWork` is called for each thing to do that comes up, in the context of whose doing it is. */
  constructor(hasWork: (context: AsyncResource | null) => void = () => {}) {
    this.#hasWork = hasWork
    const into = (list: () => Watcher[]) => (watcher: Watcher) => {
      list().push(watcher)
      hasWork(watcher.target.context)
    }
    this.#face = {
      changed: into(() => this.#changed),
      ready: into(() => this.#ready),
      forgotten: watcher => {
        watcher.isReady = false
        this.#ready.splice(this.#ready.indexOf(watcher), 1)
      },
      fed: into(() => this.#fed),
    }
  }

  watcher(target: Pollable): Watcher {
    return new Watcher(target, this.#face)
  }

  /** A call that is made at the next poll, as something that another thread has done. */
  post(run: Call, context: AsyncResource | null): void {
    const watcher = this.watcher({
      context,
      readiness: () => IN,
      *handle() {
        watcher.close()
        yield run
      },
    })
    watcher.start(IN)
  }

  /** What a handle that has closed calls at its end. Of those that close together the last is told of first. */
  closed(context: AsyncResource | null, calls: () => Calls): void {
    this.#closing.push({ context, begin: calls })
    this.#hasWork(context)
  }

  /** Timers come before the poll: what closes in one of them is told of behind it. */
  beginTimers(): void {
    if (this.#phase === 'outside') this.#phase = 'closing'
  }

  /** Whether there is something to do, or it has to be seen whether there is. */
  get hasWork(): boolean {
    return this.#closing.length + this.#fed.length + this.#changed.length + this.#ready.length > 0
  }

  /**
   * The next call of this round; null at its end, where other code has its turn. Whoever asks makes the call before asking
   * again.
   */
  next(): ScopedCall | null {
    for (;;) {
      if (this.#running !== null) {
        const { calls, context } = this.#running
        const { value: run } = calls.next()
        if (run) return { run, context }
        this.#running = null
      }
      const work = this.#batch.shift()
      if (work !== undefined) {
        const calls = work.begin()
        if (calls !== null) this.#running = { calls, context: work.context }
      } else if (!this.#advance()) return null
    }
  }

  /** False where the loop has come round. */
  #advance(): boolean {
    switch (this.#phase) {
      case 'outside':
        this.#phase = 'closing'
        this.#batch = this.#closing.reverse()
        this.#closing = []
        return true
      case 'closing':
        this.#phase = 'pending'
        this.#takeFed()
        return true
      case 'pending':
        this.#phase = 'poll'
        this.#rounds = 0
        this.#poll()
        return true
      case 'poll':
      case 'fed':
        if (this.#fed.length > 0 && this.#rounds++ < MOST_ROUNDS) {
          this.#phase = 'fed'
          this.#takeFed()
          return true
        }
        this.#phase = 'outside'
        return false
    }
  }

  #takeFed(): void {
    this.#batch = this.#fed.map(watcher => ({
      context: watcher.target.context,
      begin() {
        watcher.isFed = false
        return watcher.isClosed ? null : watcher.target.handle(OUT)
      },
    }))
    this.#fed = []
  }

  /** epoll_wait(2), level-triggered: what was told stays in the list, ahead of what becomes ready from now on. */
  #poll(): void {
    const changed = this.#changed
    this.#changed = []
    for (const watcher of changed) watcher.arm()
    const ready = this.#ready
    this.#ready = []
    for (const watcher of ready) {
      const events = watcher.isReady ? watcher.poll() : 0
      watcher.isReady = events !== 0
      if (events === 0) continue
      this.#ready.push(watcher)
      this.#batch.push({
        context: watcher.target.context,
        begin() {
          const told = watcher.told(events)
          return told === 0 ? null : watcher.target.handle(told)
        },
      })
    }
  }
}
