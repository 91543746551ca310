// Hostile peers in another language and of another user, against a server in a process of its own.
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isRoot, Program, STRANGER } from './processes'
import { ability, temporaryFolder } from './wires'

const { isAble, why } = ability('handoff', 'descriptors')
const hasPython = spawnSync('python3', ['-c', 'import socket; socket.send_fds']).status === 0
const because = hasPython ? why : ' (skipped: needs python3 3.9 or later)'
const uid = isRoot ? STRANGER : undefined

let folder = ''
let remove = () => {}
const programs: Program[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
  chmodSync(folder, 0o755)
})
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop()
  remove()
})

async function victim(): Promise<Program> {
  const program = new Program('victim.mjs', { args: [path.join(folder, 's')] })
  programs.push(program)
  expect(await program.line()).toBe('listening')
  return program
}

/** A hostile peer that has done its worst. */
async function attack(name: string): Promise<Program> {
  const args = [path.join(folder, 's'), name]
  const program = new Program('hostile.py', { args, command: 'python3', ...(uid !== undefined && { uid }) })
  programs.push(program)
  expect(await program.line()).toBe('sent')
  return program
}

async function memoryOf(program: Program): Promise<{ bytes: number; open: number }> {
  program.tell('memory')
  return JSON.parse(await program.line())
}

describe.skipIf(!isAble || !hasPython)(
  `a hostile peer in Python, of another user where we are root${because}`,
  () => {
    it.each([
      ['flood', 65],
      ['requests', 65],
      ['announce', 17],
    ])('[I6] that tries %s makes the process grow by no more than %i MiB', async (name, most) => {
      const target = await victim()
      const before = await memoryOf(target)
      await attack(name)
      const after = await memoryOf(target)
      expect((after.bytes - before.bytes) / 2 ** 20).toBeLessThan(most)
      expect(after.open).toBeLessThanOrEqual(before.open + 1)
    })

    it.each([
      ['ack', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['limit', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['version', 'closed refused ERR_X_CHANNEL_VERSION'],
      ['closing, then a request', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['closing, then a message', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['closing twice', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['closing after a request that nobody made', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['closing with a payload', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['closing with descriptors', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['closing with descriptors that it does not announce', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
      ['a frame after its goodbye', 'closed refused ERR_X_CHANNEL_PROTOCOL'],
    ])('[I6] that tries %s ends its own channel', async (name, line) => {
      const target = await victim()
      const before = await memoryOf(target)
      await attack(name)
      expect(await target.line()).toBe(line)
      expect((await memoryOf(target)).open).toBeLessThanOrEqual(before.open + 1)
    })

    it.each([
      ['half of closing', 'closed lost ERR_X_CHANNEL_LOST'],
      ['closing, and no goodbye', 'closed goodbye null'],
    ])('[I6] that says %s, and dies, ends its own channel', async (name, line) => {
      const target = await victim()
      const peer = await attack(name)
      await peer.stop()
      expect(await target.line()).toBe(line)
    })

    it('[I6] that writes a length into an array ends its own channel once somebody listens', async () => {
      const target = await victim()
      await attack('length')
      target.tell('listen')
      expect([await target.line(), await target.line()].sort()).toEqual([
        'closed refused ERR_X_CHANNEL_PROTOCOL',
        'listens',
      ])
    })

    it('[I6] that takes little keeps the server from sending to nobody', async () => {
      const target = await victim()
      await attack('least')
      await attack('least')
      target.tell('broadcast')
      expect(await target.line()).toBe('sent 2')
    })

    it('[I5] that leaves descriptors in many channels leaves no more than handleLimit in all', async () => {
      const target = await victim()
      const before = await memoryOf(target)
      const peer = await attack('descriptors')
      expect((await memoryOf(target)).open).toBeLessThanOrEqual(before.open + 10 + 50)
      await peer.stop()
      for (let ends = 0; ends < 10; ends++) expect(await target.line()).toMatch(/^closed lost/)
      expect((await memoryOf(target)).open).toBeLessThanOrEqual(before.open)
    })
  },
)
