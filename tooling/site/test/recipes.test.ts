// The programs of docs/recipes.md are run as they stand, and print what they say.
import path from 'node:path'
import { examplesOf, runExample } from '@x/presets/examples'
import { root } from '@x/run/workspace'
import { describe, expect, it } from 'vitest'

const folder = path.resolve(import.meta.dirname, '..')
// Throws where a program does not say what it prints.
const recipes = examplesOf(path.join(root, 'docs/recipes.md'))

describe('the page of recipes', () => {
  it('answers thirty questions at least', () => expect(recipes.length).toBeGreaterThanOrEqual(30))

  for (const { title, program, prints } of recipes) {
    it.concurrent(`${title}: prints what it says`, async () => {
      expect(await runExample(folder, program)).toBe(prints)
    })
  }
})
