// An exploration: it finds the seeds that fail, makes their misfortune small, and its replay line repeats the failure.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explore, simulate } from '../src'

const root = path.join(__dirname, '..')
let folder: string

/** Fails where b was down at some time and c was cut off at some other; all else is noise. */
const SCENARIO = `
import { faults, simulate } from '@x/testkit'
export default seed => simulate({ seed, link: [faults.loss(0.1), faults.jitter({ ms: 5 })] }, async ({ host, network, clock, random }) => {
  host('noise', () => void setInterval(() => {}, 100))
  host('needed', async () => {
    for (let round = 0; ; round++) {
      await clock.sleep(5)
      hasRun = true
    }
  })
  let hasRun = false
  const hosts = ['a', 'b', 'c'].map(name => host(name))
  const [a, b, c] = hosts
  let wasDown = false
  let wasCut = false
  const cut = network.partition.bind(network)
  for (let round = 0; round < 12; round++) {
    const one = random.pick(hosts)
    switch (random.integer(0, 2)) {
      case 0: one.crash(); break
      case 1: one.kill(); break
      default: cut(one, hosts.filter(other => other !== one))
    }
    await clock.sleep(500)
    if (!b.isUp) wasDown = true
    if (seed % 3 === 0 && hasRun && wasDown && !c.isUp) throw new Error('both were down after ' + round)
    for (const each of hosts) if (!each.isUp && random.chance(0.5)) each.restart()
    network.repair()
  }
})`

/** Ends the process on the second seed, and never answers on the third. */
const ENDS = `
import { simulate } from '@x/testkit'
export default seed => simulate({ seed }, async ({ clock }) => {
  await clock.sleep(1)
  if (seed === 2) process.exit(7)
  while (seed === 3) {}
})`

beforeAll(() => {
  folder = mkdtempSync(path.join(root, '.explore-'))
  writeFileSync(path.join(folder, 'scenario.mjs'), SCENARIO)
  writeFileSync(path.join(folder, 'broken.mjs'), 'throw new Error("broken")')
  writeFileSync(path.join(folder, 'dies.mjs'), 'process.exit(7)')
  writeFileSync(path.join(folder, 'ends.mjs'), ENDS)
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('explore', () => {
  it('[T3] finds the seeds that fail, with the least that it takes, and repeats them', async () => {
    const lines: string[] = []
    const scenario = path.join(folder, 'scenario.mjs')
    const keep = path.join(folder, 'kept.json')
    const found = await explore({
      scenario,
      seeds: 12,
      until: 'end',
      keep,
      onProgress: line => lines.push(line),
    })
    expect(found.seeds).toBe(12)
    expect(lines.at(-1)).toMatch(/^12 of 12 seeds, \d failed$/)
    expect(found.failed.length).toBeGreaterThan(0)
    for (const { seed, failure, misfortunes, virtualMs, replay, message } of found.failed) {
      expect(seed % 3).toBe(0)
      expect(failure).toMatch(/^Error: both were down after \d+$/)
      expect(misfortunes).toHaveLength(2)
      expect(misfortunes.join()).toMatch(/(crash|kill) of [bc],(crash|kill) of [bc]/)
      expect(replay).toMatch(
        /^X_TESTKIT_SEED=\d+ X_TESTKIT_OMIT='(?:loss,jitter|jitter,loss),host noise,[^']*' \(on Node /,
      )
      expect(message).toContain(replay)
      // Nearly all of the waits of half a second are left out.
      expect(virtualMs).toBeLessThan(600)
      expect(replay.length).toBeLessThan(150)
    }
    expect(JSON.parse(readFileSync(keep, 'utf8'))).toEqual(found.failed.map(({ seed }) => seed))

    // The line is the whole environment of the replay.
    const [first] = found.failed
    const program = path.join(folder, 'replay.mjs')
    writeFileSync(
      program,
      `import(${JSON.stringify(scenario)}).then(m => m.default(999)).catch(e => console.log(e.message))`,
    )
    const command = `${first!.replay.split(' (')[0]} ${process.execPath} ${program}`
    const { stdout } = await promisify(execFile)('sh', ['-c', command])
    expect(stdout.trim()).toBe(first!.message)

    // What failed comes first the next time.
    const again = await explore({ scenario, seeds: 12, keep, processes: 1, onProgress: () => {} })
    expect(again.seeds).toBe(1)
    expect(again.failed[0]?.seed).toBe(first!.seed)
  })

  it('[T3] a run whose process ends, or that never ends, has failed, and the others go on', async () => {
    const scenario = path.join(folder, 'ends.mjs')
    const { failed, seeds } = await explore({ scenario, seeds: 5, until: 'end', runTimeoutMs: 3000 })
    expect(seeds).toBe(5)
    expect(failed.map(({ seed, failure }) => [seed, failure])).toEqual([
      [2, 'its process ended with 7'],
      [3, 'it has not ended after 3000 ms of real time'],
    ])
    expect(failed[0]?.message).toContain('to replay: X_TESTKIT_SEED=2')
  })

  it('[T3] keeps the seeds that failed until they pass, those that it did not come to as well', async () => {
    const scenario = path.join(folder, 'ends.mjs')
    const keep = path.join(folder, 'kept-too.json')
    writeFileSync(keep, '[2, 9, 102]')
    const options = { scenario, keep, seeds: 1, processes: 1, onProgress: () => {} }
    expect((await explore(options)).failed.map(({ seed }) => seed)).toEqual([2])
    expect(JSON.parse(readFileSync(keep, 'utf8'))).toEqual([2, 9, 102])
    expect((await explore({ ...options, until: 'end' })).seeds).toBe(4)
    expect(JSON.parse(readFileSync(keep, 'utf8'))).toEqual([2])
    writeFileSync(keep, '[2, ')
    await expect(explore(options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })

  it('[T3] says why it cannot go on', async () => {
    const run = (file: string) => explore({ scenario: path.join(folder, file), seeds: 2, processes: 1 })
    await expect(run('broken.mjs')).rejects.toMatchObject({
      code: 'ERR_X_EXPLORATION',
      message: expect.stringContaining('broken'),
    })
    await expect(run('dies.mjs')).rejects.toThrow('ended with 7')
    await expect(run('missing.mjs')).rejects.toMatchObject({ code: 'ERR_X_EXPLORATION' })
    await expect(explore({ scenario: 'x', until: 'never' as never })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    })
    const within = simulate({}, () => explore({ scenario: 'x' }))
    await expect(within.catch(error => Promise.reject(error.cause))).rejects.toMatchObject({
      code: 'ERR_X_NESTED_SIMULATION',
    })
    await expect(explore({ scenario: 'x', seeds: 0 })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
  })
})
