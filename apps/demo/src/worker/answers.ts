// What this worker answers when another asks (or itself, as one of all). It knows no link.
import { describeClient, isChosen } from '../client/clients'
import type { Surroundings } from '../client/session'
import type { Answers } from '../mesh/questions'

export function answersOf({ broker, clients, statistics }: Omit<Surroundings, 'mesh'>): Answers {
  return {
    channels: pattern => broker.activeChannels(pattern ?? undefined),
    subscribers: channels => channels.map(channel => broker.subscriberCount(channel)),
    patterns: () => broker.patterns,
    clients: filters => {
      const nowMs = Date.now()
      const chosen = [...clients].filter(client => isChosen(client, filters))
      return chosen.map(client => {
        const { id, connectedMs } = client
        return { id, connectedMs, line: describeClient(client, nowMs) }
      })
    },
    kill: filters => {
      const chosen = [...clients].filter(client => isChosen(client, filters))
      for (const client of chosen) client.cut()
      return chosen.length
    },
    clientCount: () => clients.count,
    figures: () => {
      const sessions = [...clients]
      const { rss, heapUsed, external } = process.memoryUsage()
      const { user, system } = process.cpuUsage()
      return {
        clients: sessions.length,
        subscribers: sessions.filter(session => session.isSubscriber).length,
        mostWaitingBytes: Math.max(0, ...sessions.map(session => session.waitingBytes)),
        usedMemory: heapUsed + external,
        residentMemory: rss,
        systemCpuMicros: system,
        userCpuMicros: user,
        counts: statistics.counts,
        channels: broker.activeChannels(),
        patterns: broker.patterns,
      }
    },
    resetStatistics: () => {
      statistics.reset()
      return null
    },
  }
}
