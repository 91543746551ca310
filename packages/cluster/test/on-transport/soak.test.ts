// The counted cases of `pnpm soak cluster`, in short.
import { describe, expect, it } from 'vitest'
import { transport } from '../support/cluster-under-test'

interface SoakCase {
  readonly name: string
  run(rounds: number, tell: () => void): Promise<Record<string, number>>
  check(counts: Record<string, number>): string[]
}

// @ts-expect-error a plain module, shared with the soak command
const { cases, whyNoQuota } = (await import('../soak/cases.mjs')) as {
  cases: readonly SoakCase[]
  whyNoQuota: () => string | null
}

const rounds = {
  reload: 3,
  kill: 6,
  policy: 2,
  stop: 2,
  ...(process.platform === 'linux' && { start: 9, shortage: 1 }),
  // Where Node's own server accepts, libuv drops what it has no descriptor for.
  ...(process.platform === 'linux' && transport === 'native' && { 'primary-shortage': 2 }),
}

describe(`counted cases on ${transport}`, () => {
  it.each(Object.entries(rounds))('[C5] %s: nothing is lost', async (name, count) => {
    const found = cases.find(each => each.name === name)
    const counts = await found?.run(count, () => {})
    expect(found?.check(counts ?? {})).toEqual([])
  })

  // Why not is told by the suite's name: the quota is Linux's, and root is needed to become another user.
  it.skipIf(transport !== 'native' || whyNoQuota() !== null)(
    '[C3] in-flight: nobody is refused for want of the quota',
    async () => {
      const found = cases.find(each => each.name === 'in-flight')
      expect(found?.check((await found?.run(2, () => {})) ?? {})).toEqual([])
    },
  )
})
