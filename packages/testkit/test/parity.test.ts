// The same observations on node:net and on each transport under @x/core: native, portable, memory and simulated agree
// with node:net on every one.
import nodeNet from 'node:net'
import * as core from '@x/core'
import {
  defaultTransport,
  loadNative,
  portable,
  setDefaultTransport,
  type Transport,
} from '@x/core/transport'
import { afterAll, describe, expect, it } from 'vitest'
import { memoryNetwork, simulate, type TempEndpoint, tempEndpoint } from '../src'
import { addressCases } from './parity/address-cases'
import type { Bench, Case, Net, Notes } from './parity/bench'
import { connectionCases } from './parity/connection-cases'
import { serverCases } from './parity/server-cases'

const cases: Record<string, Case> = { ...connectionCases, ...serverCases, ...addressCases }
const ours = core as unknown as Net
const endpoints: TempEndpoint[] = []

function bench(net: Net): Bench {
  return {
    net,
    path() {
      const endpoint = tempEndpoint()
      endpoints.push(endpoint)
      return endpoint.path
    },
  }
}

/** Runs a case with a transport as the default one. */
async function on(transport: Transport, run: Case): Promise<Notes> {
  const before = defaultTransport()
  setDefaultTransport(transport)
  try {
    return await run(bench(ours))
  } finally {
    setDefaultTransport(before)
  }
}

const native = loadNative().transport
const subjects: Record<string, ((run: Case) => Promise<Notes>) | null> = {
  native: native && (run => on(native, run)),
  portable: run => on(portable, run),
  memory: run => on(memoryNetwork(), run),
  simulated: async run => (await simulate({ seed: 1 }, () => run(bench(ours)))).value,
}

/** What node:net showed, once for each case. */
const reference = new Map<string, Promise<Notes>>()

function expected(name: string): Promise<Notes> {
  const known = reference.get(name) ?? cases[name]!(bench(nodeNet))
  reference.set(name, known)
  return known
}

afterAll(() => {
  for (const endpoint of endpoints) endpoint.release()
})

for (const [subject, run] of Object.entries(subjects)) {
  describe.skipIf(run === null)(`parity of ${subject} with node:net`, () => {
    for (const [name, each] of Object.entries(cases)) {
      it(`[T2] [T3] ${name}`, async () => {
        expect(await run!(each)).toEqual(await expected(name))
      })
    }
  })
}

describe('parity', () => {
  it('[T2] is of two hundred observations and more', async () => {
    const all = await Promise.all(Object.keys(cases).map(expected))
    const count = all.reduce((sum, notes) => sum + Object.keys(notes).length, 0)
    expect(count).toBeGreaterThanOrEqual(200)
  })
})
