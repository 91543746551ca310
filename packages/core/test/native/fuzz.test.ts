// Random operations over many handles, with faults, from seeds: the laws of the contract hold, and nothing is left over.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { absent } from './bed'

const program = path.join(__dirname, 'programs', 'fuzz.cjs')

describe.skipIf(absent !== null)('native transport under random operations', () => {
  for (const seed of [101, 102, 103, 104]) {
    it(`keeps the laws and leaves nothing behind, seed ${seed}`, async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [program, String(seed), '500'])
      const counts = JSON.parse(stdout)
      for (const what of ['accepted', 'connected', 'read', 'written', 'spliced', 'messages', 'thrown']) {
        expect(counts[what], what).toBeGreaterThan(0)
      }
    })
  }
})
