// Plays stories of closing on the network of the system, in a process that has one processor: there what is sent arrives in
// order, whatever socket it is for, so that a byte that came back tells that all before it has come.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const hasTaskset =
  process.platform === 'linux' && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0

/** The first processor that this process may use. */
function ownProcessor() {
  const [, first = '0'] = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return first
}

export class SystemPlayer {
  #child = spawn(
    'taskset',
    [
      '-c',
      ownProcessor(),
      process.execPath,
      fileURLToPath(new URL('closing-on-system.mjs', import.meta.url)),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()

  /** What each side saw, as one line. @param {'node' | 'core'} on @param {import('./closing.mjs').Story} story */
  async play(on, story) {
    this.#child.stdin.write(`${JSON.stringify({ on, story })}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the program that plays on the system has ended')
    return value
  }

  /** @returns {Promise<void>} */
  close() {
    return new Promise(resolve => {
      this.#child.on('close', () => resolve())
      this.#child.stdin.end()
    })
  }
}

/**
 * Plays a story everywhere; what differs from the system, in words.
 *
 * @param {SystemPlayer} system @param {import('./closing.mjs').Story} story
 */
export async function differences(system, story) {
  const { isCrossing, mayBeCut, playInMemory, playSimulated, title } = await import('./closing.mjs')
  // Writes of `@x/core` leave at the end of the turn, those of node:net within the call.
  const expected = await system.play(story.otherWrote === 'same turn' ? 'core' : 'node', story)
  /** @type {Record<string, () => Promise<unknown>>} */
  const elsewhere = { memory: () => playInMemory(story) }
  if (!isCrossing(story)) {
    elsewhere['simulated'] = () => playSimulated(story, 0)
    elsewhere['simulated, 20 ms'] = () => playSimulated(story, 20)
  }
  if (mayBeCut(story)) elsewhere['simulated, cut for a minute'] = () => playSimulated(story, 20, true)
  const found = []
  for (const [name, run] of Object.entries(elsewhere)) {
    const seen = JSON.stringify(await run())
    if (seen !== expected) found.push(`${title(story)}: ${name} saw ${seen}, the system ${expected}`)
  }
  return found
}
