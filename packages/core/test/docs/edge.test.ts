// The examples of docs/edge.md are run as they stand, and print what they say.
import path from 'node:path'
import { examplesOf, runExample } from '@x/presets/examples'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
// Throws where a program does not say what it prints.
const examples = examplesOf(path.resolve(root, '../../docs/edge.md'))

describe('the page on servers on the open network', () => {
  for (const { title, program, prints } of examples) {
    it(`[E1] example ${title} prints what it says`, async () => {
      expect(await runExample(root, program)).toBe(prints)
    })
  }
})
