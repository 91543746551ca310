// What a managed cluster tells of itself. Shapes, and how they are gathered.
import type { Primary } from '../primary/primary'
import type { Spread } from '../settings'
import type { Member, MemberState } from './member'

/** One worker as `status()` shows it. */
export interface WorkerStatus {
  readonly id: number
  readonly pid: number | undefined
  /** Place in the cluster, from 0; a successor takes its predecessor's. */
  readonly place: number
  readonly state: MemberState
  /** Open connections, as it told last, and those on their way to it. */
  readonly connections: number
  /** Connections that were handed to it and that it took. */
  readonly accepted: number
  /** Connections sent that it has not confirmed yet. */
  readonly underWay: number
  /** Restarts of this place since the start. */
  readonly restarts: number
  /** 99th percentile of how late its event loop ran since the last question, in milliseconds. */
  readonly lagMs: number
  /** Resident bytes. */
  readonly memory: number
  readonly uptimeMs: number
}

/** A cluster as `status()` shows it. */
export interface ClusterStatus {
  readonly workers: readonly WorkerStatus[]
  /** Sum over the workers. */
  readonly connections: number
  /** Generations of workers so far; a reload begins a new one. */
  readonly generation: number
  readonly policy: string
  /** `native` or `portable`. */
  readonly transport: string
}

export interface StatusSource {
  readonly primary: Primary
  readonly members: readonly Member[]
  readonly restarts: (place: number) => number
  readonly generation: number
  readonly policy: Spread
}

export function statusOf(source: StatusSource): ClusterStatus {
  const workers = source.members.map(member => statusOfMember(member, source.restarts(member.place)))
  workers.sort((a, b) => a.id - b.id)
  return {
    workers,
    connections: workers.reduce((sum, worker) => sum + worker.connections, 0),
    generation: source.generation,
    policy: typeof source.policy === 'string' ? source.policy : source.policy.name || 'function',
    transport: source.primary.transport.name,
  }
}

function statusOfMember(member: Member, restarts: number): WorkerStatus {
  const { record, worker } = member
  record.hear()
  return {
    id: member.id,
    pid: worker.process.pid,
    place: member.place,
    state: member.state,
    connections: record.load + record.underWay,
    accepted: record.accepted,
    underWay: record.underWay,
    restarts,
    lagMs: record.report.lagMs,
    memory: record.report.memory,
    uptimeMs: Date.now() - record.startedAt,
  }
}
