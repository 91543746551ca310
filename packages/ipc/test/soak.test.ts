// The counted cases in a short form; `pnpm soak ipc` runs them in full and prints the counts.
import { describe, expect, it } from 'vitest'
// @ts-expect-error a script without types, which the soak runner loads as well
import { cases } from './soak/cases.mjs'

interface SoakCase {
  readonly name: string
  readonly title: string
  run(rounds: number, tell: () => void): Promise<Record<string, number>>
  check(counts: Record<string, number>, rounds: number): string[]
}

const ids: Record<string, string> = {
  race: '[I3]',
  'kill-servers': '[I3]',
  'kill-receivers': '[I5]',
  'changed-bytes': '[I6]',
  'stray-descriptors': '[I5]',
  'generated-exchanges': '[I6]',
  pairs: '[I6]',
  executions: '[I7]',
  strangers: '[I6]',
}
const ROUNDS = 6
/** Its rounds are long. */
const FEWER: Record<string, number> = { 'generated-exchanges': 1 }
/** Its rounds are short. */
const MORE: Record<string, number> = { pairs: 40 }

describe('counted', () => {
  for (const each of cases as SoakCase[]) {
    it(`${ids[each.name]} ${each.title}`, async () => {
      const rounds = FEWER[each.name] ?? MORE[each.name] ?? ROUNDS
      const counts = await each.run(rounds, () => {})
      expect(each.check(counts, rounds)).toEqual([])
    })
  }
})
