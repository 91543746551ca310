// The examples of docs/migrate.md are run as they stand, and print what they say.
import path from 'node:path'
import { examplesOf, runExample } from '@x/presets/examples'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
// Throws where a program does not say what it prints.
const examples = examplesOf(path.resolve(root, '../../docs/migrate.md'))

describe('the page on migration', () => {
  it('has examples', () => expect(examples.length).toBeGreaterThan(6))

  for (const { title, program, prints } of examples) {
    it(`[N3] example ${title} prints what it says`, async () => {
      expect(await runExample(root, program)).toBe(prints)
    })
  }
})
