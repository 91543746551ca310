// The INFO command: what the broker says of itself, in Redis's sections and field names.
import { arch, platform, release } from 'node:os'
import { version } from '../../package.json'
import { formatByteSize } from '../byte-size'
import { type Reply, verbatim } from '../resp/reply'
import type { Session } from '../session'
import type { Command } from './command'
import { REDIS_VERSION } from './connection'

type Fields = Readonly<Record<string, string | number>>

const SECTIONS: Readonly<Record<string, (session: Session) => Fields>> = {
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

function serverFields({ surroundings }: Session): Fields {
  const seconds = Math.floor((Date.now() - surroundings.statistics.startedMs) / 1000)
  return {
    redis_version: REDIS_VERSION,
    redis_mode: 'standalone',
    demo_version: version,
    node_version: process.versions.node,
    os: `${platform()} ${release()} ${arch()}`,
    process_id: process.pid,
    tcp_port: surroundings.options.port ?? 0,
    uptime_in_seconds: seconds,
    uptime_in_days: Math.floor(seconds / 86_400),
  }
}

function clientsFields({ surroundings }: Session): Fields {
  const sessions = [...surroundings.clients]
  return {
    connected_clients: sessions.length,
    maxclients: surroundings.options.maxClients,
    client_recent_max_output_buffer: Math.max(0, ...sessions.map(session => session.waitingBytes)),
    blocked_clients: 0,
    pubsub_clients: sessions.filter(session => session.isSubscriber).length,
  }
}

function memoryFields(): Fields {
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    used_memory: heapUsed + external,
    used_memory_human: formatByteSize(heapUsed + external),
    used_memory_rss: rss,
    used_memory_rss_human: formatByteSize(rss),
  }
}

function statsFields({ surroundings }: Session): Fields {
  const { statistics, broker } = surroundings
  return {
    total_connections_received: statistics.connectionsReceived,
    total_commands_processed: statistics.commandsProcessed,
    rejected_connections: statistics.connectionsRejected,
    client_output_buffer_limit_disconnections: statistics.slowSubscribersDropped,
    total_error_replies: statistics.errorReplies,
    protocol_errors: statistics.protocolErrors,
    pubsub_channels: broker.channelCount,
    pubsub_patterns: broker.patternCount,
    messages_published: statistics.messagesPublished,
    messages_delivered: statistics.messagesDelivered,
  }
}

function cpuFields(): Fields {
  const { user, system } = process.cpuUsage()
  return { used_cpu_sys: (system / 1e6).toFixed(6), used_cpu_user: (user / 1e6).toFixed(6) }
}

function info(session: Session, args: readonly Buffer[]): Reply {
  const asked = args.slice(1).map(arg => arg.toString('latin1').toLowerCase())
  const isAll = asked.length === 0 || asked.some(name => ['default', 'all', 'everything'].includes(name))
  const sections = Object.entries(SECTIONS).filter(([name]) => isAll || asked.includes(name))
  return verbatim(
    session.protocol,
    sections.map(([name, fields]) => format(name, fields(session))).join('\r\n'),
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
