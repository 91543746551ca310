// The INFO command: what the broker says of itself, in Redis's sections and field names.
import { arch, platform, release } from 'node:os'
import { version } from '../../package.json'
import { formatByteSize } from '../byte-size'
import type { Later } from '../client/later'
import type { Session } from '../client/session'
import { sum } from '../client/statistics'
import type { WorkerFigures } from '../mesh/questions'
import { verbatim } from '../resp/reply'
import { type Command, later } from './command'
import { REDIS_VERSION } from './connection'

type Fields = Readonly<Record<string, string | number>>

/** All workers' figures, and the session that asks. */
interface Source {
  readonly session: Session
  readonly workers: readonly WorkerFigures[]
}

const SECTIONS: Readonly<Record<string, (source: Source) => Fields>> = {
  server: serverFields,
  clients: clientsFields,
  memory: memoryFields,
  persistence: () => ({ loading: 0, async_loading: 0, rdb_bgsave_in_progress: 0, aof_enabled: 0 }),
  stats: statsFields,
  replication: () => ({ role: 'master', connected_slaves: 0 }),
  cpu: cpuFields,
  cluster: () => ({ cluster_enabled: 0 }),
  keyspace: () => ({}),
}

function total(workers: readonly WorkerFigures[], figure: (worker: WorkerFigures) => number): number {
  return workers.reduce((sum, worker) => sum + figure(worker), 0)
}

function serverFields({ session, workers }: Source): Fields {
  const { program } = session.surroundings
  const seconds = Math.floor((Date.now() - program.startedMs) / 1000)
  return {
    redis_version: REDIS_VERSION,
    redis_mode: 'standalone',
    demo_version: version,
    demo_workers: workers.length,
    node_version: process.versions.node,
    os: `${platform()} ${release()} ${arch()}`,
    process_id: program.pid,
    tcp_port: program.port ?? 0,
    uptime_in_seconds: seconds,
    uptime_in_days: Math.floor(seconds / 86_400),
  }
}

function clientsFields({ session, workers }: Source): Fields {
  return {
    connected_clients: total(workers, worker => worker.clients),
    maxclients: session.surroundings.options.maxClients,
    client_recent_max_output_buffer: Math.max(...workers.map(worker => worker.mostWaitingBytes)),
    blocked_clients: 0,
    pubsub_clients: total(workers, worker => worker.subscribers),
  }
}

function memoryFields({ workers }: Source): Fields {
  const used = total(workers, worker => worker.usedMemory)
  const resident = total(workers, worker => worker.residentMemory)
  return {
    used_memory: used,
    used_memory_human: formatByteSize(used),
    used_memory_rss: resident,
    used_memory_rss_human: formatByteSize(resident),
  }
}

function statsFields({ workers }: Source): Fields {
  const counts = sum(workers.map(worker => worker.counts))
  return {
    total_connections_received: counts.connectionsReceived,
    total_commands_processed: counts.commandsProcessed,
    rejected_connections: counts.connectionsRejected,
    client_output_buffer_limit_disconnections: counts.slowSubscribersDropped,
    total_error_replies: counts.errorReplies,
    protocol_errors: counts.protocolErrors,
    pubsub_channels: new Set(workers.flatMap(worker => worker.channels)).size,
    pubsub_patterns: new Set(workers.flatMap(worker => worker.patterns)).size,
    messages_published: counts.messagesPublished,
    messages_delivered: counts.messagesDelivered,
    clients_moved: counts.clientsMovedIn,
  }
}

function cpuFields({ workers }: Source): Fields {
  const seconds = (micros: number) => (micros / 1e6).toFixed(6)
  return {
    used_cpu_sys: seconds(total(workers, worker => worker.systemCpuMicros)),
    used_cpu_user: seconds(total(workers, worker => worker.userCpuMicros)),
  }
}

function info(session: Session, args: readonly Buffer[]): Later {
  const asked = args.slice(1).map(arg => arg.toString('latin1').toLowerCase())
  const isAll = asked.length === 0 || asked.some(name => ['default', 'all', 'everything'].includes(name))
  const sections = Object.entries(SECTIONS).filter(([name]) => isAll || asked.includes(name))
  const { protocol } = session
  const workers = session.surroundings.mesh.ask('figures', null)
  return later(
    workers.then(all => {
      const source = { session, workers: all }
      return verbatim(protocol, sections.map(([name, fields]) => format(name, fields(source))).join('\r\n'))
    }),
  )
}

function format(section: string, fields: Fields): string {
  const title = section === 'cpu' ? 'CPU' : section.charAt(0).toUpperCase() + section.slice(1)
  const lines = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`)
  return `# ${title}\r\n${lines.join('')}`
}

export const infoCommand: Command = {
  name: 'info',
  arity: -1,
  flags: ['loading', 'stale'],
  run: info,
  summary: 'Get information and statistics about the server',
  since: '1.0.0',
  group: 'server',
}
