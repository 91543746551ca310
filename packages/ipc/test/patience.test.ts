// How a channel waits: its time is over though the process has nothing else to do. It looks at the immediate that it asks for,
// since a loop that is idle does not come to one without a reference (Node's documentation of immediate.unref()).
import { expect, it, vi } from 'vitest'
import { Patience } from '../src/protocol/patience'

/** Of each immediate, once whoever asked for it is done with it. */
const hadReference = vi.hoisted(() => [] as boolean[])

vi.mock('../src/host', async original => {
  const host = await original<typeof import('../src/host')>()
  const setImmediate = (act: () => void) => {
    const immediate = host.setImmediate(act)
    queueMicrotask(() => hadReference.push(immediate.hasRef()))
    return immediate
  }
  return { ...host, setImmediate }
})

it('[I6] time that is over is told by an immediate that an idle loop comes to', async () => {
  const told = await new Promise(resolve => {
    const patience = new Patience(1, (what, ms) => resolve([what, ms, hadReference]))
    patience.waitFor('said hello')
  })
  expect(told).toEqual(['said hello', 1, [true]])
})
