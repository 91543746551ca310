// The counted cases of `pnpm soak cluster`, in short.
import { describe, expect, it } from 'vitest'
import { transport } from '../support/cluster-under-test'

interface SoakCase {
  readonly name: string
  run(rounds: number, tell: () => void): Promise<Record<string, number>>
  check(counts: Record<string, number>): string[]
}

// @ts-expect-error a plain module, shared with the soak command
const { cases } = (await import('../soak/cases.mjs')) as { cases: readonly SoakCase[] }

const rounds = { reload: 3, kill: 6 }

describe(`counted cases on ${transport}`, () => {
  it.each(Object.entries(rounds))('[C5] %s: nothing is lost', async (name, count) => {
    const found = cases.find(each => each.name === name)
    const counts = await found?.run(count, () => {})
    expect(found?.check(counts ?? {})).toEqual([])
  })
})
