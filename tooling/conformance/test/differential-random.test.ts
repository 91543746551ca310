// Random programs, a fixed few of them, on each transport: what `pnpm soak core` plays a hundred thousand of.
import { loadNative } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { run } from '../differential/pool.mjs'
import { reportOf } from '../differential/report.mjs'

const PROGRAMS = 120

describe('random programs', () => {
  for (const subject of ['native', 'portable', 'memory']) {
    const reason = subject === 'native' ? loadNative().reason : undefined
    it.skipIf(reason)(
      `[K4] see the same of node:net and of ${subject}${reason ? ` (${reason})` : ''}`,
      async () => {
        const { counts, failures } = await run({ subject, programs: PROGRAMS, seed: 1, shrink: false })
        expect(failures.map(failure => reportOf({ ...failure, subject }))).toEqual([])
        expect(counts.equal).toBeGreaterThan(PROGRAMS * 0.95)
      },
    )
  }
})
