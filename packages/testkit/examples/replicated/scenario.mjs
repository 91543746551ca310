// The replicated list under misfortune: three nodes and a client on a simulated network, links that are cut, hosts that
// crash and come back, and what must hold in the end.
import { faults, simulate } from '@x/testkit'
import { Client } from './client.mjs'
import { newDisk, startNode } from './node.mjs'

const NAMES = ['n1', 'n2', 'n3']

/**
 * Runs one seed. Rejects with a `SimulationError` where an acknowledged value was lost, two nodes led in one term, or
 * the cluster did not recover.
 * @param {number | string} seed
 * @param {{ bug?: string, chaosMs?: number }} options
 */
export function runSeed(seed, { bug = 'none', chaosMs = 4000 } = {}) {
  return simulate(
    { seed, link: [faults.latency({ ms: 5 }), faults.jitter({ ms: 10 }), faults.loss(0.01)] },
    async simulation => {
      const { host, clock } = simulation
      const disks = new Map(NAMES.map(name => [name, newDisk()]))
      const nodes = new Map()
      const hosts = NAMES.map(name =>
        host(name, () => {
          const others = NAMES.filter(other => other !== name)
          nodes.set(name, startNode({ name, others, disk: disks.get(name), bug }))
        }),
      )
      const client = new Client(NAMES)
      host('client', () => client.run())
      const watch = watchLeaders(nodes, hosts)
      await misfortune(simulation, hosts, chaosMs)
      const before = client.acknowledged.length
      await recovered(clock, 'the client gets on', () => client.acknowledged.length >= before + 3)
      client.isStopped = true
      await client.finished
      const leader = await recovered(clock, 'a leader has committed all', () => settledLeader(nodes))
      clearInterval(watch)
      return checkNothingLost(nodes, leader, client)
    },
  )
}

/** Cuts, crashes and repairs at random. */
async function misfortune({ random, network, clock }, hosts, forMs) {
  const until = clock.nowMs + forMs
  while (clock.nowMs < until) {
    await clock.sleep(random.integer(50, 700))
    const one = random.pick(hosts)
    switch (random.integer(0, 5)) {
      case 0:
        network.isolate(one)
        break
      case 1: {
        const other = random.pick(hosts.filter(host => host !== one))
        network.partitionOneWay(one, other)
        break
      }
      case 2:
        if (random.chance(0.5)) one.crash()
        else one.kill()
        break
      default:
        network.repair()
        for (const host of hosts) if (!host.isUp) host.restart()
    }
  }
  network.repair()
  for (const host of hosts) if (!host.isUp) host.restart()
}

/** Waits, a virtual minute at most, until something holds. */
async function recovered(clock, what, holds) {
  const deadline = clock.nowMs + 60_000
  for (let found = holds(); ; found = holds()) {
    if (found) return found
    if (clock.nowMs > deadline) throw new Error(`no recovery within a minute: ${what}`)
    await clock.sleep(50)
  }
}

/** The leader of the latest term: one that was cut off may believe for a while that it leads still. */
function settledLeader(nodes) {
  const all = [...nodes.values()]
  const term = Math.max(...all.map(node => node.disk.term))
  return all.find(node => node.role === 'leader' && node.disk.term === term && node.committed === node.last)
}

/** Two nodes may believe that they lead, in different terms only. */
function watchLeaders(nodes, hosts) {
  const leaders = new Map()
  return setInterval(() => {
    for (const host of hosts) {
      const node = nodes.get(host.name)
      if (!host.isUp || node.role !== 'leader') continue
      const { term } = node.disk
      const other = leaders.get(term) ?? host.name
      if (other !== host.name) throw new Error(`${other} and ${host.name} both lead in term ${term}`)
      leaders.set(term, host.name)
    }
  }, 20)
}

function checkNothingLost(nodes, leader, client) {
  const kept = leader.disk.log.slice(0, leader.committed + 1).map(entry => entry.value)
  let at = 0
  for (const value of client.acknowledged) {
    at = kept.indexOf(value, at) + 1
    if (at === 0) throw new Error(`value ${value} was acknowledged, and is lost`)
  }
  for (const node of nodes.values()) {
    for (let index = 0; index <= Math.min(node.committed, leader.committed); index++) {
      if (node.disk.log[index].term !== leader.disk.log[index].term) {
        throw new Error(`${node.name} and ${leader.name} disagree on entry ${index}`)
      }
    }
  }
  return { acknowledged: client.acknowledged.length, entries: kept.length }
}
