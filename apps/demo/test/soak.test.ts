// The counted cases of `pnpm soak demo`, in short.
import { expect, it } from 'vitest'
import { whyNo, whyNoMoves } from './demo-process'

interface SoakCase {
  readonly name: string
  readonly title: string
  /** What it needs beyond the demo. */
  readonly program?: 'nats-server'
  run(rounds: number, tell: () => void): Promise<Record<string, number>>
  check(counts: Record<string, number>, rounds: number): string[]
}

// @ts-expect-error a plain module, shared with the soak command
const { cases } = (await import('./soak/cases.mjs')) as { cases: readonly SoakCase[] }
const ROUNDS = 2
const noMoves = whyNoMoves()

for (const { title, program, run, check } of cases) {
  const reason = noMoves ?? (program === undefined ? null : whyNo(program))
  it.skipIf(reason)(`${title}: all is as it should be${reason === null ? '' : ` (${reason})`}`, async () => {
    expect(check(await run(ROUNDS, () => {}), ROUNDS)).toEqual([])
  })
}
