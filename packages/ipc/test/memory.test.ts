// What a peer can make a channel hold, measured: the memory of the process, beside the limit that was declared.
import { describe, expect, it } from 'vitest'
import { Program } from './processes'

const LIMIT = 8 << 20
/** What one read brings, and what the process does beside. */
const ROOM = 512 << 10

describe('a peer that makes a channel hold all that it can', () => {
  it('[I6] keeps the memory of the process within the declared limit, whatever it sends', async () => {
    const program = new Program('../soak/hoard.mjs')
    const seen: string[] = []
    try {
      for (;;) {
        const line = await program.line()
        if (line === 'done') break
        const { name, grown, held, isOpen } = JSON.parse(line)
        seen.push(name)
        expect(held, name).toBeLessThanOrEqual(LIMIT)
        expect(grown, name).toBeLessThanOrEqual(LIMIT + ROOM)
        expect(isOpen, name).toBe(true)
      }
    } finally {
      await program.stop()
    }
    expect(seen.length).toBeGreaterThan(20)
  })
})
