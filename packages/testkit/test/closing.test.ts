// Who closes a connection, how, with which bytes unread, and what the other side does then: the same in memory, on a simulated
// network, and on one that is cut while it happens, as on the network of the system. A sample; the soak plays all.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// @ts-expect-error a script without types, which the soak runner loads as well
import { stories, title } from './soak/closing.mjs'
// @ts-expect-error a script without types, which the soak runner loads as well
import { differences, hasTaskset, SystemPlayer } from './soak/system-player.mjs'

/** Has no factor with the number of choices of anything: each meets each. */
const STRIDE = 61

describe.skipIf(!hasTaskset)(
  `closing in all ways, as on the system${hasTaskset ? '' : ' (skipped: needs taskset of Linux)'}`,
  () => {
    let system: { close(): Promise<void> }
    beforeAll(() => {
      system = new SystemPlayer()
    })
    afterAll(() => system.close())

    for (const story of stories().filter((_: unknown, index: number) => index % STRIDE === 0)) {
      it(`[T2] [T3] ${title(story)}`, async () => {
        expect(await differences(system, story)).toEqual([])
      })
    }
  },
)
