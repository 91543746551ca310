// The differential fuzzer itself: it finds what is planted, and nothing where nothing is.
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { generate } from '../differential/generate.mjs'
import { run } from '../differential/pool.mjs'
import { isSound, textOf } from '../differential/program.mjs'
import { reportOf } from '../differential/report.mjs'

const PROGRAMS = 150
const seeds = Array.from({ length: PROGRAMS }, (_, index) => index + 1)

describe('the programs', () => {
  it('are the same for the same seed, and others for others', () => {
    const texts = seeds.map(seed => textOf(generate(seed)))
    expect(seeds.map(seed => textOf(generate(seed)))).toEqual(texts)
    expect(new Set(texts).size).toBe(PROGRAMS)
  })

  it('have no peer act within a turn of the subject', () => {
    for (const seed of seeds) expect([seed, isSound(generate(seed))]).toEqual([seed, true])
  })
})

describe('the differential fuzzer', () => {
  it('finds no difference between node:net and node:net', async () => {
    const { counts, failures } = await run({ subject: 'node', programs: PROGRAMS, seed: 1, workers: 1 })
    expect(failures).toEqual([])
    expect(counts.equal).toBeGreaterThan(PROGRAMS * 0.95)
  })

  describe('on sockets that lose one byte and turn more round', () => {
    const subject = fileURLToPath(new URL('../saboteurs/wrong-writes.mjs', import.meta.url))
    /** The failures by kind of difference. */
    const found = new Map<string, Awaited<ReturnType<typeof run>>['failures']>()
    beforeAll(async () => {
      const { failures } = await run({ subject, programs: PROGRAMS, seed: 1, workers: 1 })
      for (const failure of failures) {
        const { signature } = failure.difference
        found.set(signature, [...(found.get(signature) ?? []), failure])
      }
    })

    it('finds bytes in another order', () => {
      expect(found.has('peer: bytes')).toBe(true)
    })

    it('finds bytes that are lost', () => {
      expect(found.has('peer: data became phase')).toBe(true)
    })

    it('cuts a program down to the write that fails, and prints it with what was expected', () => {
      const failure = found.get('peer: data became phase')!.find(({ text }) => text.includes('.write('))!
      expect(failure.text.match(/t\.\w+\(/g)!.length).toBeLessThanOrEqual(6)
      const text = reportOf({ ...failure, subject: 'sabotaged' })
      expect(text).toContain('.write(')
      expect(text).toMatch(/'data' <.>(?: @\S+)? +<< -- quiet/)
    })
  })
})
