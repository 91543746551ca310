// Programs on node:cluster that run on this package unchanged.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { fixture, transport } from '../support/cluster-under-test'

const require = createRequire(__filename)

/** What a program prints, with these entries loaded before it. */
async function outputOf(...entries: readonly string[]): Promise<string> {
  const words = entries.flatMap(entry => ['--require', require.resolve(entry)])
  const child = spawn(process.execPath, [...words, fixture('host-program.mjs')], {
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', data => {
      output += data
    })
  }
  await new Promise(resolve => child.once('close', resolve))
  return output
}

const IN_TURN = '{"worker 1":10,"worker 2":10}\ngone\n'

describe(`register on ${transport}`, () => {
  it('[C8] a program on node:cluster and node:net runs on these packages', async () => {
    expect(await outputOf('@x/core/register', '@x/cluster/register')).toBe(IN_TURN)
  })

  it('[C8] and on @x/cluster alone', async () => {
    expect(await outputOf('@x/cluster/register')).toBe(IN_TURN)
  })

  it('[C8] without it, workers say what is missing', async () => {
    expect(await outputOf('@x/core/register')).toContain('ERR_X_CLUSTER_UNREGISTERED')
  })
})
