// Chance in a simulation: the seed decides all randomness that code asks for by name, and what it cannot decide is named.
import crypto, * as named from 'node:crypto'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { simulate } from '../src'

const { randomBytes: takenBefore } = crypto
const web = globalThis.crypto

/** Everything random that Node has a function for, as text. */
async function drawn(): Promise<string[]> {
  const filled = new Uint16Array(8)
  return [
    crypto.randomBytes(8).toString('hex'),
    (await promisify(crypto.randomBytes)(8)).toString('hex'),
    crypto.randomUUID(),
    named.randomUUID(),
    web.randomUUID(),
    String(crypto.randomInt(1000)),
    String(crypto.randomInt(-5, 5)),
    String(await new Promise(resolve => crypto.randomInt(10, 2 ** 40, (_error, value) => resolve(value)))),
    crypto.randomFillSync(Buffer.alloc(8), 2, 4).toString('hex'),
    Buffer.from(crypto.randomFillSync(new ArrayBuffer(8))).toString('hex'),
    String(crypto.randomFillSync(filled, 2, 3)),
    String(await promisify(crypto.randomFill)(new Uint8Array(4))),
    String(web.getRandomValues(new Uint32Array(2))),
    String(crypto.getRandomValues(new Uint8Array(2))),
    String(crypto.webcrypto.getRandomValues(new Uint8Array(2))),
    String(Math.random()),
  ]
}

describe('chance in a simulation', () => {
  it('[T3] is the seed’s, whichever function is asked, and nothing real is used', async () => {
    const [one, again, other] = [
      await simulate({ seed: 1 }, drawn),
      await simulate({ seed: 1 }, drawn),
      await simulate({ seed: 2 }, drawn),
    ]
    expect(again.value).toEqual(one.value)
    expect(one.outside).toEqual([])
    expect(one.value.filter((text, index) => text === other.value[index])).toEqual([])
    expect(new Set(one.value).size).toBe(one.value.length)
  })

  it('[T3] has the forms of Node’s own', async () => {
    const { value } = await simulate({ seed: 1 }, () => {
      const many = Array.from({ length: 200 }, () => crypto.randomInt(3, 6))
      return {
        uuid: crypto.randomUUID(),
        many: [...new Set(many)].sort(),
        bytes: crypto.randomBytes(0).length,
        partly: [...crypto.randomFillSync(new Uint16Array(4), 3)],
        same: web.getRandomValues(filled) === filled,
      }
    })
    expect(value.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(value.many).toEqual([3, 4, 5])
    expect(value.bytes).toBe(0)
    expect(value.partly.slice(0, 3)).toEqual([0, 0, 0])
    expect(value.partly[3]).toBeGreaterThan(0)
    expect(value.same).toBe(true)
  })
  const filled = new Uint8Array(4)

  const wrong: Record<string, () => unknown> = {
    'randomBytes(-1)': () => crypto.randomBytes(-1),
    'randomBytes text': () => crypto.randomBytes('5' as never),
    'randomBytes callback': () => crypto.randomBytes(5, 'x' as never),
    'randomInt(0)': () => crypto.randomInt(0),
    'randomInt(5, 5)': () => crypto.randomInt(5, 5),
    'randomInt text': () => crypto.randomInt('5' as never),
    'randomInt wide': () => crypto.randomInt(0, 2 ** 50),
    'randomFillSync offset': () => crypto.randomFillSync(Buffer.alloc(4), 5),
    'randomFillSync size': () => crypto.randomFillSync(Buffer.alloc(4), 2, 3),
    'randomFillSync text': () => crypto.randomFillSync('xxxx' as never),
    'randomFill without callback': () => crypto.randomFill(Buffer.alloc(4), undefined as never),
    'getRandomValues float': () => web.getRandomValues(new Float32Array(4) as never),
    'getRandomValues large': () => web.getRandomValues(new Uint8Array(65_537)),
    'getRandomValues of another': () => Reflect.apply(web.getRandomValues, {}, ['x']),
  }
  it('[T3] refuses what Node’s own functions refuse, with their errors', async () => {
    const errors = () =>
      Object.values(wrong).map(call => {
        try {
          call()
          return 'no error'
        } catch (error) {
          const { name, code, message } = error as NodeJS.ErrnoException
          return [name, code, message].join(' ')
        }
      })
    const real = errors()
    const { value } = await simulate({}, errors)
    expect(value).toEqual(real)
    expect(real).not.toContain('no error')
  })

  it('[T3] names a function that was taken before, keys and primes', async () => {
    const { outside } = await simulate({}, () => {
      takenBefore(4)
      crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
      crypto.generatePrimeSync(32)
    })
    expect(outside).toEqual([
      expect.stringMatching(/^real randomness \(.*\), at .*simulation-chance\.test\.ts:\d+/),
      expect.stringMatching(/^a key that no seed decides, at /),
      expect.stringMatching(/^a prime that no seed decides, at /),
    ])
  })

  it('[T3] a module that is loaded in one simulation repeats in all', async () => {
    const loaded = await simulate({}, () => {
      const { randomBytes } = crypto
      return { draw: () => randomBytes(8).toString('hex') }
    })
    const { draw } = loaded.value
    const [one, again] = [await simulate({ seed: 1 }, draw), await simulate({ seed: 1 }, draw)]
    expect(again.value).toBe(one.value)
    expect(again.outside).toEqual([])
    expect(draw()).not.toBe(draw())
  })

  it('[T3] code beside the simulation, and after it, has the system’s', async () => {
    const before = [crypto.randomBytes, crypto.randomUUID, web.getRandomValues]
    const beside: string[] = []
    const simulation = simulate({ seed: 1 }, () => crypto.randomUUID())
    // Functions that need their `this` have it.
    const nowMs = performance.now()
    for (let turn = 0; turn < 5; turn++) {
      await new Promise(resolve => setImmediate(resolve))
      beside.push(crypto.randomUUID())
      expect(performance.now()).toBeGreaterThan(nowMs)
    }
    const { value } = await simulation
    expect(new Set([...beside, value, crypto.randomUUID()]).size).toBe(7)
    expect([crypto.randomBytes, crypto.randomUUID, web.getRandomValues]).toEqual(before)
  })

  const { Temporal } = globalThis as {
    Temporal?: { Now: Record<string, () => { toString(): string }> }
  }
  it.skipIf(!Temporal)('[T3] Temporal.Now is virtual (where the host has it)', async () => {
    const { value } = await simulate({}, () =>
      ['instant', 'zonedDateTimeISO', 'plainDateTimeISO', 'plainDateISO'].map(name =>
        String(Temporal?.Now[name]?.()),
      ),
    )
    for (const text of value) expect(text).toMatch(/^(?:2000-01-01|1999-12-31)/)
  })
})
