// Every example of docs/cluster.md runs, and prints what the page says.
import path from 'node:path'
import { examplesOf, runExample } from '@x/presets/examples'
import { describe, expect, it } from 'vitest'
import { transport } from '../support/cluster-under-test'

const root = path.join(__dirname, '..', '..')
const examples = examplesOf(path.join(root, '..', '..', 'docs', 'cluster.md'))

/** Only the native engine looks at bytes that it leaves in the socket. */
function runsHere(program: string): boolean {
  return transport === 'native' || !program.includes('peek: {')
}

describe(`docs/cluster.md on ${transport}`, () => {
  for (const { title, program, prints } of examples) {
    it.skipIf(!runsHere(program))(`[C1 C5] example ${title} prints what it says`, async () => {
      expect(await runExample(root, program)).toBe(prints)
    })
  }
})
