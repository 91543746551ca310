// Plays what a fuzzer has found to reach different code: each input against a channel of its own.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { expect, it } from 'vitest'
import { createChannel } from '../src/index'

const folder = path.join(__dirname, 'fuzz')
const { play } = createRequire(__filename)(path.join(folder, 'channel.cjs')) as {
  play(create: typeof createChannel, data: Buffer): Promise<void>
}
const inputs = readFileSync(path.join(folder, 'corpus.txt'), 'utf8').trim().split('\n')

it('[I6] the inputs of the corpus end their own channel once, within its limits', async () => {
  const wrong: string[] = []
  for (const input of inputs) {
    await play(createChannel, Buffer.from(input, 'base64')).catch((error: Error) => {
      wrong.push(`${input}: ${error.message}`)
    })
  }
  expect(inputs.length).toBeGreaterThan(100)
  expect(wrong).toEqual([])
})
