// Random programs have the same records on the networks of the testkit as on the native transport.
import { loadNative } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { run } from '../differential/pool.mjs'

const PROGRAMS = 100
const { reason } = loadNative()

describe.skipIf(reason)(`the networks of the testkit${reason ? ` (${reason})` : ''}`, () => {
  for (const subject of ['memory', 'simulated']) {
    it(`[T2] [T3] play random programs alike: ${subject}`, async () => {
      const { counts, failures } = await run({
        subject,
        reference: 'x/native',
        programs: PROGRAMS,
        seed: 1,
        shrink: false,
      })
      expect(failures.map(({ seed, difference }) => `${seed}: ${difference.signature}`)).toEqual([])
      expect(counts.equal).toBeGreaterThanOrEqual(PROGRAMS * 0.9)
      expect(counts.died).toBe(0)
    })
  }
})
