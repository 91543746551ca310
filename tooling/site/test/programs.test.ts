// The programs of the pages that no package's own tests run: each runs as it stands, and prints what it says.
import path from 'node:path'
import { examplesOf, runExample } from '@x/presets/examples'
import { root } from '@x/run/workspace'
import { describe, expect, it } from 'vitest'

const folder = path.resolve(import.meta.dirname, '..')

describe.each([
  ['start', 4],
  ['recipes', 30],
])('the page %s', (page, least) => {
  // Throws where a program does not say what it prints.
  const programs = examplesOf(path.join(root, 'docs', `${page}.md`))

  it(`has ${least} programs at least`, () => expect(programs.length).toBeGreaterThanOrEqual(least))

  for (const { title, program, prints } of programs) {
    it.concurrent(`example ${title} prints what it says`, async () => {
      expect(await runExample(folder, program)).toBe(prints)
    })
  }
})
