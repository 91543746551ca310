// The counted cases of `pnpm soak demo`, in short.
import { expect, it } from 'vitest'
import { whyNoMoves } from './demo-process'

interface SoakCase {
  readonly name: string
  readonly title: string
  run(rounds: number, tell: () => void): Promise<Record<string, number>>
  check(counts: Record<string, number>, rounds: number): string[]
}

// @ts-expect-error a plain module, shared with the soak command
const { cases } = (await import('./soak/cases.mjs')) as { cases: readonly SoakCase[] }
const ROUNDS = 2
const noMoves = whyNoMoves()

it.skipIf(noMoves).each(cases.map(each => [each.title, each] as const))(
  `%s: all is as it should be${noMoves ? ` (${noMoves})` : ''}`,
  async (_title, each) => {
    const counts = await each.run(ROUNDS, () => {})
    expect(each.check(counts, ROUNDS)).toEqual([])
  },
)
