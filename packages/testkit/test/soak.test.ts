// Testkit's counted cases in their short form; `pnpm soak testkit` runs them in full.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const home = path.join(__dirname, '..')

async function run(program: string, ...args: string[]) {
  const file = path.join(home, 'examples', program)
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], { cwd: home })
  return JSON.parse(stdout)
}

const seeds = (...args: string[]) => run('replicated/run.mjs', '--json', '--hashes', ...args)

describe('the replicated list', () => {
  it('[T3] passes every seed without a planted bug, and repeats to the last byte', async () => {
    const [first, again] = [await seeds('--seeds', '20'), await seeds('--seeds', '20')]
    expect(first.failed).toEqual([])
    expect(first.acknowledged).toBeGreaterThan(100)
    expect(again.hashes).toEqual(first.hashes)
    expect(new Set(first.hashes).size).toBe(20)
  })

  it('[T3] loses values in some seed with the planted bug', async () => {
    const { failed } = await seeds('--seeds', '40', '--bug', 'early-ack')
    expect(failed.length).toBeGreaterThan(0)
  })
})

describe('virtual time', () => {
  it('[T3] has minutes of traffic', async () => {
    const { answered, virtualMs } = await run('hour.mjs', '2')
    expect(answered).toBeGreaterThan(500)
    expect(virtualMs).toBeGreaterThan(120_000)
  })
})
