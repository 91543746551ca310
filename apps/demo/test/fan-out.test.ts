import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { DemoProcess, Program } from './demo-process'

const SUBSCRIBERS = 100
const MESSAGES = 100_000
/** Published in one go, before the next go: what a subscriber may lag behind. */
const BATCH = 500

interface Outcome {
  readonly received: number
  readonly wrong: string | null
}

it(`delivers ${MESSAGES} messages to each of ${SUBSCRIBERS} subscribers: none lost, in order, on TCP and on the path`, async () => {
  await using demo = await DemoProcess.start('--log-level', 'warn')
  const request = JSON.stringify({
    port: demo.port,
    path: demo.path,
    subscribers: SUBSCRIBERS / 2,
    messages: MESSAGES,
    channel: 'numbers',
  })
  const program = new URL('subscriber-program.mjs', import.meta.url).pathname
  await using first = new Program(process.execPath, [program, request])
  await using second = new Program(process.execPath, [program, request])
  await Promise.all([first.printed(/subscribed/), second.printed(/subscribed/)])

  const publisher = new Redis({ port: demo.port, host: '127.0.0.1' })
  const receivers = new Set<unknown>()
  for (let number = 0; number < MESSAGES; ) {
    const batch = publisher.pipeline()
    for (const end = number + BATCH; number < end; number++) batch.publish('numbers', String(number))
    for (const [error, count] of (await batch.exec()) ?? []) receivers.add(error ?? count)
  }
  await publisher.quit()
  expect([...receivers]).toEqual([SUBSCRIBERS])

  const programs = await Promise.all([first.finished, second.finished])
  const outcomes = programs.flatMap(({ stdout }): Outcome[] => JSON.parse(stdout.split('\n')[1]!))
  expect(outcomes).toEqual(Array.from({ length: SUBSCRIBERS }, () => ({ received: MESSAGES, wrong: null })))
  expect(demo.stderr).toBe('')
})
