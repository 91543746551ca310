// The Prometheus metrics of a cluster that has served, restarted and reloaded.
import { once } from 'node:events'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { clusterMetrics } from '../../src/metrics'
import { Client, startAnswering, transport } from '../support/cluster-under-test'

interface Value {
  readonly labels: Record<string, unknown>
  readonly value: number
}

/** The values of one metric, as prom-client reads them. */
async function valuesOf(registry: Registry, name: string): Promise<Value[]> {
  const found = (await registry.getMetricsAsJSON()).find(metric => metric.name === name)
  return (found?.values ?? []) as unknown as Value[]
}

describe(`metrics of a cluster on ${transport}`, () => {
  it('[C5] tell of connections, restarts and workers', async () => {
    const { port, cluster } = await startAnswering({ workers: 2, restart: { minDelayMs: 1, maxDelayMs: 5 } })
    const registry = clusterMetrics(cluster)
    const clients = [new Client({ host: '127.0.0.1', port }), new Client({ host: '127.0.0.1', port })]
    for (const client of clients) await client.line()
    expect((await valuesOf(registry, 'x_cluster_accepted_total')).map(each => each.value)).toEqual([1, 1])
    expect((await valuesOf(registry, 'x_cluster_connections')).map(each => each.value)).toEqual([1, 1])
    const [first] = cluster.status().workers
    const ready = once(cluster, 'worker:ready')
    process.kill(first?.pid as number, 'SIGKILL')
    await ready
    expect(await valuesOf(registry, 'x_cluster_restarts_total')).toEqual([
      { labels: { place: 1 }, value: 0 },
      { labels: { place: 0 }, value: 1 },
    ])
    expect(await valuesOf(registry, 'x_cluster_workers')).toEqual([{ labels: { state: 'ready' }, value: 2 }])
    expect(await registry.metrics()).toMatch(/^x_cluster_resident_memory_bytes\{worker="\d+"\} \d+$/m)
    await Promise.all(clients.map(client => client.close()))
  })

  it('two clusters have a prefix or a registry each', async () => {
    const { cluster } = await startAnswering({ workers: 1 })
    const register = new Registry()
    expect(clusterMetrics(cluster, { register, prefix: 'one_' })).toBe(register)
    clusterMetrics(cluster, { register, prefix: 'other_' })
    expect(await register.metrics()).toMatch(/^one_generation 1$[\s\S]*^other_generation 1$/m)
    expect(() => clusterMetrics(cluster, { register, prefix: 'one_' })).toThrow(/already been registered/)
  })
})
