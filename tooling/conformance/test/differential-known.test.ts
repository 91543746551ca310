// The known programs have the same records on each transport as on node:net, but for those that are declared open.
import { loadNative } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { known } from '../differential/known/index.mjs'
import { open } from '../differential/known/open.mjs'
import { run } from '../differential/pool.mjs'

const native = loadNative()

describe('the known programs', () => {
  it('are those that the open ones name', () => {
    const names = known.map(({ name }) => name)
    for (const { name } of open) expect(names).toContain(name)
  })

  for (const subject of ['native', 'portable', 'memory']) {
    const reason = subject === 'native' ? native.reason : undefined
    it.skipIf(reason)(
      `[K4] are played by ${subject} as by node:net${reason ? ` (${reason})` : ''}`,
      async () => {
        const { counts, failures } = await run({ subject, source: 'known', programs: 0 })
        const declared = open.filter(({ subjects }) => subjects.includes(subject)).map(({ name }) => name)
        const different = failures
          .map(({ difference }) => difference.signature)
          .filter(signature => !declared.some(name => signature.startsWith(name)))
        expect(different).toEqual([])
        expect(counts.equal + counts.different + counts.fleeting).toBe(known.length)
      },
    )
  }
})
