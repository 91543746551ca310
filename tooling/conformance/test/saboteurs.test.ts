// The suite can fail: transports that break one promise each, and the tests that notice. The same tests pass on the
// transport that the saboteurs stand on.
import { fileURLToPath } from 'node:url'
import { portable, type Transport } from '@x/core/transport'
import { HANG_MS } from '@x/presets/hang-limit'
import { type RunningTest, transportSuite } from '@x/testkit/conformance'
import { describe, expect, it } from 'vitest'
import { decorate } from '../saboteurs/decorate'
import { saboteurs } from '../saboteurs/saboteurs'

/** After so long a sabotaged transport counts as one that hangs: too short, and it fails for that alone. */
const SABOTAGED_MS = 3_000
/** What a sound one never needs; the bodies of one test have it in turn. */
const SOUND_MS = HANG_MS / 10

type Body = (test: RunningTest) => Promise<void>

/** The bodies of the suite's tests of one name, once for each role. */
function bodiesOf(name: string, newTransport: () => Transport, module?: string): Body[] {
  const bodies: Body[] = []
  transportSuite({
    runner: {
      describe: (_name, body) => body(),
      it: (title, body) => title === name && bodies.push(body),
    },
    newTransport,
    kinds: ['tcp4'],
    ...(module !== undefined && { module }),
  })
  if (bodies.length === 0) throw new Error(`the suite has no test "${name}"`)
  return bodies
}

/** Runs them; those that hang count as failed after a time that they never need. */
async function failures(bodies: readonly Body[], hungAfterMs: number): Promise<string[]> {
  const failed: string[] = []
  for (const body of bodies) {
    let timer: NodeJS.Timeout | undefined
    const hung = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('hung')), hungAfterMs)
    })
    const running = body({ skip: reason => expect.fail(`skipped: ${reason}`) })
    running.catch(() => {})
    await Promise.race([running, hung]).catch((error: Error) => failed.push(error.message))
    clearTimeout(timer)
  }
  return failed
}

describe('the conformance suite', () => {
  for (const { name, test, sabotage, hangs } of saboteurs) {
    it(`notices a transport that ${name}`, async () => {
      const broken = await failures(
        bodiesOf(test, () => decorate(portable, sabotage)),
        hangs ? SABOTAGED_MS : SOUND_MS,
      )
      expect(broken).not.toEqual([])
      expect(broken.includes('hung')).toBe(hangs === true)
      const sound = bodiesOf(test, () => decorate(portable, {}))
      expect(await failures(sound, SOUND_MS)).toEqual([])
    })
  }

  for (const [name, test, file] of [
    [
      'cannot be unreferenced',
      'law 10: referenced handles keep a process, and unreferenced ones let it end',
      'unref-less',
    ],
    [
      'swallows what listeners throw',
      'law 11: a listener that throws costs no other connection its events, nor itself the next',
      'swallowing',
    ],
  ] as const) {
    it(`notices a transport that ${name}`, async () => {
      const module = fileURLToPath(new URL(`../saboteurs/${file}.mjs`, import.meta.url))
      expect(
        await failures(
          bodiesOf(test, () => portable, module),
          SABOTAGED_MS,
        ),
      ).not.toEqual([])
    })
  }
})
