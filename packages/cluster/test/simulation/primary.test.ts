// The whole of a primary on a system that is not there, under many seeds: workers that crash, stop, lie, refuse and run out,
// starts that fail, policies that err, reloads, scales and drains at any moment. `SEEDS` and `FIRST_SEED` in the environment
// choose which.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startOn } from '../../src/primary/managed/start-cluster'
import { Primary } from '../../src/primary/primary'
import { type Planted, planted } from './planted'
import { Scheduler } from './scheduler'
import { LISTENER_ERROR } from './simulated-worker'
import { World } from './world'

const seeds = Number(process.env['SEEDS'] ?? 40)
const firstSeed = Number(process.env['FIRST_SEED'] ?? 1)

let others: NodeJS.UncaughtExceptionListener[] = []
const onThrown = (error: Error): void => {
  if (error.message !== LISTENER_ERROR) throw error
}

beforeAll(() => {
  others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', onThrown)
})

afterAll(() => {
  process.off('uncaughtException', onThrown)
  for (const listener of others) process.on('uncaughtException', listener)
})

/** The laws that this seed has broken. */
async function play(seed: number, bug: Planted | null = null): Promise<string[]> {
  const scheduler = new Scheduler(seed)
  const world = new World(scheduler)
  const pending = new Set<string>()
  const follow = (what: string, promise: Promise<unknown>): void => {
    pending.add(what)
    promise.catch(() => {}).finally(() => pending.delete(what))
  }
  const primary = new Primary(bug?.os?.(world.os) ?? world.os)
  // The start succeeds, so that there is something to harm.
  world.isHostile = false
  const starting = startOn(primary, {
    exec: 'worker.js',
    workers: 1 + scheduler.upTo(4),
    policy: world.policy(),
    readyTimeoutMs: 400,
    drainTimeoutMs: 300,
    restart: { minDelayMs: 5, maxDelayMs: 100, maxFailures: Number.POSITIVE_INFINITY },
    health: { intervalMs: 50, deadlineMs: 200 },
  })
  await scheduler.run(1000)
  const cluster = await starting
  cluster.on('warning', () => {})
  world.isHostile = true
  for (let step = 0; step < 12; step++) {
    world.connect(scheduler.upTo(40))
    for (let i = scheduler.upTo(3); i > 0; i--) world.harm()
    if (scheduler.chance(0.2)) follow(`reload ${step}`, cluster.reload())
    if (scheduler.chance(0.1)) follow(`scale ${step}`, cluster.scale(1 + scheduler.upTo(4)))
    await scheduler.run(scheduler.upTo(120))
  }
  world.heal()
  await scheduler.run(8000)
  world.connect(30)
  await scheduler.run(2000)
  world.checkServed()
  const late = world.clients.slice(-30).filter(client => client.servedBy.length === 0)
  if (late.length > 0) world.broken.push(`${late.length} of 30 clients are not served after all is well`)
  // Some are on their way when it stops.
  world.connect(30)
  await scheduler.run(scheduler.upTo(8))
  follow('drain', cluster.drain())
  await scheduler.run(6000)
  const given = world.accepted.filter(client => client.servedBy.length === 0 && !client.isEnded)
  if (given.length > 0) world.broken.push(`${given.length} accepted clients are not served when it stops`)
  for (const what of pending) world.broken.push(`${what} never settles`)
  if (world.table.size > 0) world.broken.push(`${world.table.size} descriptors are left over in the primary`)
  if (Object.keys(primary.workers).length > 0) world.broken.push('workers are left over in the table')
  if (world.workers.some(worker => worker.isAlive)) world.broken.push('a process is left over')
  return world.broken
}

/** The first seed that breaks a law, and what it breaks; null where none does. */
async function firstBroken(first: number, count: number, bug: Planted | null = null) {
  for (let seed = first; seed < first + count; seed++) {
    const broken = await play(seed, bug)
    if (broken.length > 0) return { seed, broken: broken.slice(0, 3) }
  }
  return null
}

describe('a simulated primary', () => {
  it('[C3] [C5] keeps the laws under every seed', async () => {
    expect(await firstBroken(firstSeed, seeds)).toBeNull()
  })

  it.each(planted)('[C5] is caught where $what', async bug => {
    const mend = bug.into?.()
    try {
      expect(await firstBroken(1, 100, bug)).not.toBeNull()
    } finally {
      mend?.()
    }
  })
})
