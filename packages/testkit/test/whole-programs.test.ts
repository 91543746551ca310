// Whole programs on networks that are not there: ioredis, pg and servers written on node:net, unchanged, through
// @x/core/register.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = async (program: string, ...more: string[]): Promise<Record<string, unknown>> => {
  const file = path.join(__dirname, 'programs', program)
  const args = ['--no-warnings', '--import', '@x/core/register', file, ...more]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: __dirname })
  return JSON.parse(stdout)
}

const result = { greeting: 'hello', count: '500', same: true }
const rows = [{ query: 'select everything', length: 17 }]

describe('whole programs', () => {
  it('[T6] run unchanged on the in-memory network, and end by themselves', async () => {
    expect(await run('on-memory.mjs')).toEqual({ result, rows, left: 0 })
  })

  it('[T6] a client alone in its process hears that it is refused', async () => {
    expect(await run('refused-alone.mjs')).toEqual({ code: 'ECONNREFUSED' })
  })

  it('[T6] run unchanged on the simulated network, in virtual time, and a seed repeats', async () => {
    const first = await run('on-simulation.mjs', '5')
    expect(first).toMatchObject({ result, rows, after: 1 })
    expect(first['virtualMs']).toBeGreaterThan(5000)
    expect(await run('on-simulation.mjs', '5')).toEqual(first)
    expect((await run('on-simulation.mjs', '6'))['hash']).not.toBe(first['hash'])
  })

  it('[T6] express, ws, undici and redis run on the simulated network, in virtual time, and a seed repeats', async () => {
    const first = await run('web-on-simulation.mjs', '5')
    const ws = { ws: 'echo through a partition', wsCode: 1005 }
    expect(first).toMatchObject({ http: 'hello you', undici: 6, ...ws, counts: [1, 1] })
    expect(first['virtualMs']).toBeGreaterThan(5000)
    expect(await run('web-on-simulation.mjs', '5')).toEqual(first)
    expect((await run('web-on-simulation.mjs', '6'))['hash']).not.toBe(first['hash'])
  })
})
