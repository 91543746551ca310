// Every example of docs/ipc.md runs, and prints what the page says.
import path from 'node:path'
import { selectTransport } from '@x/core/transport'
import { examplesOf, runExample } from '@x/presets/examples'
import { describe, expect, it } from 'vitest'

const root = path.join(__dirname, '..')
// Throws where a program does not say what it prints.
const examples = examplesOf(path.join(root, '..', '..', 'docs', 'ipc.md'))
const { transport } = selectTransport()

describe('docs/ipc.md', () => {
  it('has examples, and each says what it prints', () => {
    expect(examples.length).toBeGreaterThan(5)
  })

  for (const { title, program, prints } of examples) {
    const needs = ['handles', 'credentials'].filter(word => program.toLowerCase().includes(word)).length > 0
    const missing = needs && transport.descriptors === null
    const because = missing
      ? ' (skipped: the portable transport has neither credentials nor descriptors)'
      : ''
    it.skipIf(missing)(`[I6] example ${title} prints what it says${because}`, async () => {
      expect(await runExample(root, program)).toBe(prints)
    })
  }
})
