// The published tests of other people's packages have the same outcomes registered on each transport as on node:net.
import { loadNative } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { bring } from '../suites/bring.mjs'
import { outcomesOf, unequal } from '../suites/outcomes.mjs'
import { suites } from '../suites/table.mjs'

const transports =
  loadNative().transport === null ? (['portable'] as const) : (['native', 'portable'] as const)

describe("packages' own tests under register", () => {
  for (const suite of suites) {
    it.concurrent(`[N5] ${suite.name}: ${suite.what}`, async ({ skip }) => {
      const { folder, reason } = await bring(suite)
      if (folder === null) return skip(reason)
      const expected = await outcomesOf(suite, folder, 'node:net')
      expect([...expected.values()]).toContain('passed')
      // One after the other: some listen on ports of their own choice.
      for (const transport of transports) {
        expect([transport, unequal(expected, await outcomesOf(suite, folder, transport))]).toEqual([
          transport,
          [],
        ])
      }
    })
  }
})
