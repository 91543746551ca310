// What the portable transport can and cannot do, as the table of docs/ipc.md says: told by its code, never silently.
import { describe, expect, it } from 'vitest'
import { Program } from './processes'
import { temporaryFolder } from './wires'

const WORKS = [
  'request',
  'client',
  'takeListenFds without a manager',
  'notify without a manager',
  'listen with mode and owner',
  'listen on an abstract name for all',
  'connect to an abstract name of anybody',
]

describe.skipIf(process.platform !== 'linux')('the portable transport', () => {
  it('[I6] does what the page says, and refuses the rest with ERR_X_UNSUPPORTED', async () => {
    const { folder, remove } = temporaryFolder()
    const program = new Program('unsupported.mjs', { args: [folder], env: { X_NET_TRANSPORT: 'portable' } })
    const codes = JSON.parse(await program.line()) as Record<string, string>
    await program.ended()
    remove()
    const expected = (name: string) => (WORKS.includes(name) ? 'works' : 'ERR_X_UNSUPPORTED')
    expect(codes).toEqual(Object.fromEntries(Object.keys(codes).map(name => [name, expected(name)])))
    expect(Object.keys(codes).length).toBe(24)
  })
})
