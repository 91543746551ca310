// What the process opens while any check runs, each thing with the check that it belongs to. There is one, however many
// checks run: they share its hooks, and the last one takes them off. It knows what is open, and not what to do about it.
import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } from 'node:async_hooks'
import type { ListenerHandle } from '@x/core/transport'
import { Operations } from '../stacks/node-operations'
import { OpeningPlace } from '../stacks/opening-place'
import { LeakScope, type OpenHandle, type Watched } from './leak-scope'
import { describeResource, isBridge, nameOfOperation, resourceKind } from './node-resources'
import { type Handle, isUnreferenced, nameOfHandle, watchTransports } from './transport-watch'

/** A resource of Node, as async_hooks tells of it. */
interface Made {
  readonly id: number
  readonly type: string
  readonly trigger: number
  readonly resource: object
}

/** An operation that is under way, and by whose doing. */
interface Requested {
  readonly type: string
  readonly scopes: ReadonlySet<LeakScope>
  /** It follows from what an earlier check had begun. */
  readonly isLate: boolean
}

/** What a server of Node accepts. */
const ACCEPTED: ReadonlySet<string> = new Set(['TCPWRAP', 'PIPEWRAP'])

/** The check that the running code belongs to; null: none, on purpose. */
const current = new AsyncLocalStorage<LeakScope | null | undefined>()

class LeakMonitor {
  readonly #scopes = new Set<LeakScope>()
  readonly #open = new Map<object | number, Watched>()
  readonly #requests = new Operations<Requested>()
  /** Who asked for what runs later, by async id. */
  readonly #askers = new Map<number, OpeningPlace>()
  /** What was left open when its check ended, and the timers and immediates that follow from it, by async id. */
  readonly #told = new Set<number>()
  #staysOn = false
  #unwatch: (() => void) | null = null

  /** There will be checks again and again: what one leaves open is followed until the next begins. */
  stayOn(): void {
    this.#staysOn = true
  }

  /** A check begins, as part of another or by itself. */
  begin(name: string, around: LeakScope | null = null): LeakScope {
    return this.#add(new LeakScope(name, around))
  }

  /** A check begins within the one in whose context it does, or the only one that runs. */
  beginWithin(name: string): LeakScope {
    const around = current.getStore()
    return this.#add(new LeakScope(name, around && !around.isOver ? around : this.#onlyScope()))
  }

  #add(scope: LeakScope): LeakScope {
    this.#scopes.add(scope)
    this.#unwatch ??= this.#watch()
    return scope
  }

  /** A check has ended: what it may have left open is nobody's any more, or that of the checks around it. */
  end(scope: LeakScope): void {
    scope.isOver = true
    this.#scopes.delete(scope)
    for (const [key, watched] of this.#open) {
      if (!watched.scopes.delete(scope)) continue
      if (scope.parent && !scope.parent.isOver) watched.scopes.add(scope.parent)
      if (watched.scopes.size > 0) continue
      this.#open.delete(key)
      if (typeof key === 'number' && watched.what() !== null) this.#told.add(key)
    }
    for (const [id, { scopes }] of this.#requests.all()) {
      if ([...scopes].every(owner => owner.isOver)) this.#told.add(id)
    }
    if (this.#scopes.size > 0 || this.#staysOn) return
    this.#unwatch?.()
    this.#unwatch = null
    this.#open.clear()
    this.#requests.clear()
    this.#askers.clear()
    this.#told.clear()
  }

  /** What is open and belongs to a check, to checks within it, or to one of several of which it is the last. */
  leaksOf(scope: LeakScope): OpenHandle[] {
    const found: OpenHandle[] = []
    for (const watched of this.#open.values()) {
      const owners = [...watched.scopes]
      if (!owners.every(owner => owner.isWithin(scope))) continue
      const what = watched.what()
      if (what !== null) found.push({ what, openedAt: framesOf(watched), doubt: doubtOf(watched) })
    }
    return found
  }

  /** Operations of a check that are under way, as what it has left open. */
  requestsOf(scope: LeakScope): OpenHandle[] {
    const found = new Map<string, OpenHandle>()
    for (const [id, { type, scopes, isLate }] of this.#requests.all()) {
      if (isLate || ![...scopes].some(owner => owner.isWithin(scope))) continue
      const frames = this.#askers.get(id)?.userFrames ?? []
      // What nobody has asked for is Node's own, or a runner's. Of what comes again, the last may not be gone yet.
      if (frames.length > 0) {
        found.set(`${type} ${frames[0]}`, { what: nameOfOperation(type), openedAt: frames, doubt: null })
      }
    }
    return [...found.values()]
  }

  /** Operations of a check are under way, of which each may open something. */
  hasRequests(scope: LeakScope): boolean {
    for (const { scopes, isLate } of this.#requests.all().values()) {
      if (isLate) continue
      for (const owner of scopes) if (owner.isWithin(scope)) return true
    }
    return false
  }

  #onlyScope(): LeakScope | null {
    const inner = this.#innermost()
    return inner.length === 1 ? (inner[0] ?? null) : null
  }

  /** The checks that run and have no other within them. */
  #innermost(): LeakScope[] {
    const all = [...this.#scopes]
    return all.filter(scope => !all.some(other => other !== scope && other.isWithin(scope)))
  }

  /** Whose doing the running code is: one check's by its async context, else that of all that run. */
  #owners(): { scopes: Set<LeakScope>; isLate: boolean } {
    const scope = current.getStore()
    if (scope === null) return { scopes: new Set(), isLate: false }
    if (scope && !scope.isOver) return { scopes: new Set([scope]), isLate: false }
    const asked = [...(this.#requests.get(executionAsyncId())?.scopes ?? [])]
    const live = asked.filter(owner => !owner.isOver)
    if (live.length > 0) return { scopes: new Set(live), isLate: false }
    const isLate = scope !== undefined || asked.length > 0 || this.#told.has(executionAsyncId())
    return { scopes: new Set(this.#innermost()), isLate }
  }

  #opened(key: object | number, what: () => string | null, place: OpeningPlace, isAccepted = false): void {
    const { scopes, isLate } = this.#owners()
    if (scopes.size === 0) return
    for (const scope of scopes) scope.changed()
    const shared = scopes.size > 1 ? [...scopes].map(scope => scope.name) : []
    this.#open.set(key, { what, place, isAccepted, scopes, shared, isLate })
  }

  #requested(type: string): Requested {
    const { scopes, isLate } = this.#owners()
    if (!isLate) for (const scope of scopes) scope.changed()
    return { type, scopes, isLate }
  }

  /** A timer or an immediate of what was told as a leak is not told again. */
  #followsWhatWasTold(id: number, type: string): boolean {
    if (!this.#told.has(executionAsyncId()) || !/^(?:Timeout|Immediate)$/.test(type)) return false
    this.#told.add(id)
    return true
  }

  #watch(): () => void {
    const unwatchTransports = watchTransports({
      opened: (handle, by) => this.#handleOpened(handle, by),
      closed: handle => this.#open.delete(handle),
    })
    const init = (id: number, type: string, trigger: number, resource: object) =>
      this.#resourceMade({ id, type, trigger, resource }, init)
    const hook = createHook({
      init,
      before: id => this.#requests.before(id),
      destroy: id => {
        this.#open.delete(id)
        this.#askers.delete(id)
        this.#requests.delete(id)
        this.#told.delete(id)
      },
    }).enable()
    return () => {
      hook.disable()
      unwatchTransports()
    }
  }

  // What a server accepts is its own: of one that no check has opened it is no check's.
  #handleOpened(handle: Handle, by: ListenerHandle | null): void {
    if (by !== null && !this.#open.has(by)) return
    const place = new OpeningPlace(this.#handleOpened, this.#asker())
    this.#opened(handle, () => (isUnreferenced(handle) ? null : nameOfHandle(handle)), place, by !== null)
  }

  /** A `FileHandle` does not say which request has opened it: there may be one alone that can have. */
  #askerOfFile(type: string): OpeningPlace | null {
    if (type !== 'FILEHANDLE') return null
    const askers = [...this.#requests.all().keys()].flatMap(id => this.#askers.get(id) ?? [])
    const opening = askers.filter(asker => asker.mentions(/open \(node:internal\/fs\/promises/))
    return opening.length === 1 ? opening[0]! : null
  }

  #asker(): OpeningPlace | null {
    return this.#askers.get(executionAsyncId()) ?? null
  }

  /** `below`: what stands in the stack between the resource and this. */
  #resourceMade({ id, type, trigger, resource }: Made, below: (...args: never[]) => void): void {
    if (current.getStore() === null || this.#followsWhatWasTold(id, type)) return
    const asker = this.#asker() ?? this.#askers.get(trigger) ?? this.#askerOfFile(type)
    if (isBridge(type)) this.#askers.set(id, new OpeningPlace(below, asker))
    this.#requests.made(id, type, resource, () => this.#requested(type))
    const kind = resourceKind(type)
    // The classes of @x/core lend these names to their callbacks' contexts: no handle of Node stands behind those.
    if (!kind || resource instanceof AsyncResource) return
    const place = new OpeningPlace(below, asker)
    // A server's handle triggers those of what it accepts, outside of all JavaScript.
    const server = this.#open.get(trigger)
    if (ACCEPTED.has(type) && executionAsyncId() === 0 && server === undefined) return
    const what = () => {
      if (this.#open.has(resource) || !isWorthTelling(place, type) || server?.place.opener === 'own')
        return null
      return kind.partOf && place.mentions(kind.partOf) ? null : describeResource(kind, resource)
    }
    this.#opened(id, what, place)
  }
}

/** Handles of this project's packages are followed as such; what a runner opens is its own. */
function isWorthTelling(place: OpeningPlace, type: string): boolean {
  const { opener } = place
  if (opener === 'own' || opener === 'runner') return false
  // Node's own timers, those of a test runner inside of Node for one, have nobody else in their stacks.
  if (opener === 'node' && type === 'Timeout') return place.userFrames.length > 0
  return !place.mentions(/getStd(?:in|out|err)/)
}

function framesOf({ place, isAccepted }: Watched): readonly string[] {
  const frames = place.userFrames
  if (frames.length > 0) return frames
  return [isAccepted ? '(accepted by a server)' : '(in no line of yours)']
}

function doubtOf({ shared, isLate }: Watched): string | null {
  if (shared.length > 1) {
    const names = shared.map(name => JSON.stringify(name)).join(' and ')
    return `opened while ${names} ran at once; the runner does not tell by which of them`
  }
  return isLate ? 'opened by what an earlier test had begun' : null
}

/** The one of this process. */
export const monitor = new LeakMonitor()

/** Runs code as part of a check. */
export function runInScope<T>(scope: LeakScope, code: () => T): T {
  return current.run(scope, code)
}

/** Runs a check's own waiting as part of no check. */
export function runInNoScope<T>(code: () => T): T {
  return current.run(null, code)
}
