// Wrong calls and refused connections on node:net and on this package, both transports: the same errors, with the same
// fields, thrown or emitted, in the same order of events.
import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import * as ours from '../../src/index'
import { setDefaultTransport } from '../../src/process-state'
import { loadNative } from '../../src/transport/native'
import { portable } from '../../src/transport/portable'
import { type Net, Record } from './record'
import { scenes } from './refusals'
import { newerWrongCalls, wrongCalls } from './wrong-calls'

const isNode26 = Number.parseInt(process.versions.node, 10) >= 26
const calls = isNode26 ? { ...wrongCalls, ...newerWrongCalls } : wrongCalls

function called(on: Net, name: string): string[] {
  const record = new Record()
  record.attempt(name, () => calls[name]!(on))
  return record.lines
}

async function played(on: Net, name: string): Promise<string[]> {
  const record = new Record()
  await scenes[name]!(on, record)
  return record.lines
}

afterEach(() => setDefaultTransport(null))

/**
 * What portable cannot say as node:net does: it learns of a refused bind from the connection that follows it, of a
 * connection that the system refuses at once in a later turn, and of the own end of an attempt not at all.
 */
const notOnPortable = [
  'connect from an address of another machine',
  'connect from a port of another address',
  'connect from an address of the other family',
  'connect to an address that is out of reach',
  'a second connect while the first is under way',
]

const transports = [
  ['native', loadNative().transport],
  ['portable', portable],
] as const

for (const [transportName, transport] of transports) {
  describe.skipIf(transport === null)(`on the ${transportName} transport, as on node:net`, () => {
    for (const name of Object.keys(calls)) {
      it(`[K8] ${name}`, () => {
        setDefaultTransport(transport)
        expect(called(ours as unknown as Net, name)).toEqual(called(net, name))
      })
    }

    for (const name of Object.keys(scenes)) {
      const isSkipped = transport === portable && notOnPortable.includes(name)
      it.skipIf(isSkipped)(`[K3] [K8] ${name}`, async () => {
        setDefaultTransport(transport)
        const seen = await played(ours as unknown as Net, name)
        expect(seen.length).toBeGreaterThan(0)
        expect(seen).toEqual(await played(net, name))
      })
    }
  })
}
