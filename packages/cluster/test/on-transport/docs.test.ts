// Every example of docs/cluster.md runs, and prints what the page says.
import path from 'node:path'
import { examplesOf, runExample } from '@x/presets/examples'
import { describe, expect, it } from 'vitest'
import { transport } from '../support/cluster-under-test'

const root = path.join(__dirname, '..', '..')
const examples = examplesOf(path.join(root, '..', '..', 'docs', 'cluster.md'))

describe(`docs/cluster.md on ${transport}`, () => {
  it.each(examples)('[C1 C5] example $title prints what it says', async ({ program, prints }) => {
    expect(await runExample(root, program)).toBe(prints)
  })
})
