// Unix domain sockets of the native transport: names in full length, modes from the first instant, and whose file a
// close removes.
import { existsSync, lstatSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { errno, type ListenerHandle, UV_EADDRINUSE, UV_ENAMETOOLONG } from '../../src/transport'
import {
  absent,
  after,
  closed,
  connected,
  connectOutcome,
  listening,
  native,
  pair,
  temporaryFolder,
} from './bed'

function bound(at: string, mode?: number): ListenerHandle {
  const listener = native.listener('pipe')
  after(() => closed(listener))
  expect(listener.bind({ path: at }, mode === undefined ? undefined : { mode })).toBe(0)
  return listener
}

const longest = process.platform === 'linux' ? 107 : 103

describe.skipIf(absent !== null)('native transport, paths', () => {
  it('[S5] takes the longest path that there is, and refuses the next one instead of cutting it', async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'x'.repeat(longest - folder.length - 1))
    const [client] = await pair({ path: file })
    expect(client.peername()).toEqual({ path: file })
    const listener = native.listener('pipe')
    after(() => closed(listener))
    expect(listener.bind({ path: `${file}y` })).toBe(UV_ENAMETOOLONG)
    const stream = native.stream('pipe')
    after(() => closed(stream))
    expect(stream.connect({ path: `${file}y` }, () => {})).toBe(UV_ENAMETOOLONG)
  })

  it.skipIf(!native?.supports('abstract-path'))(
    '[I1] binds abstract names of exactly their length',
    async () => {
      const name = `\0x-native-${process.pid}`
      const { listener, at } = listening({ path: name })
      expect(at).toEqual({ path: name })
      const client = await connected({ path: name })
      expect(client.peername()).toEqual({ path: name })
      const near = native.stream('pipe')
      after(() => closed(near))
      expect(await connectOutcome(near, { path: `${name}\0` })).toBe(errno('ECONNREFUSED'))
      await closed(listener)
    },
  )

  it.each([0o600, 0o660, 0o666, 0o777])(
    '[I2] makes the file with mode %o, whatever the umask',
    async mode => {
      const file = path.join(temporaryFolder(), 's')
      for (const mask of [0o022, 0o077, 0]) {
        const before = process.umask(mask)
        try {
          const listener = bound(file, mode)
          expect(lstatSync(file).mode & 0o7777).toBe(mode)
          listener.close()
        } finally {
          process.umask(before)
        }
      }
    },
  )

  it('[I3] removes its file on close', async () => {
    const file = path.join(temporaryFolder(), 's')
    await closed(bound(file))
    expect(existsSync(file)).toBe(false)
  })

  it("[I3] leaves a successor's file alone", async () => {
    const file = path.join(temporaryFolder(), 's')
    const first = bound(file)
    renameSync(file, `${file}.old`)
    bound(file)
    await closed(first)
    expect(existsSync(file)).toBe(true)
    expect(existsSync(`${file}.old`)).toBe(true)
  })

  it('[I3] finds its file again where the working directory has changed', async () => {
    const folder = temporaryFolder()
    mkdirSync(path.join(folder, 'elsewhere'))
    const before = process.cwd()
    try {
      process.chdir(folder)
      const listener = bound('s')
      process.chdir('elsewhere')
      writeFileSync('s', '')
      await closed(listener)
      expect(existsSync('s')).toBe(true)
      expect(existsSync(path.join(folder, 's'))).toBe(false)
    } finally {
      process.chdir(before)
    }
  })

  it('[S9] refuses a path that is there, and lets its file be', async () => {
    const file = path.join(temporaryFolder(), 's')
    writeFileSync(file, 'mine')
    const listener = native.listener('pipe')
    expect(listener.bind({ path: file })).toBe(UV_EADDRINUSE)
    await closed(listener)
    expect(existsSync(file)).toBe(true)
  })

  it('refuses connections while it is bound and does not listen', async () => {
    const file = path.join(temporaryFolder(), 's')
    bound(file)
    const stream = native.stream('pipe')
    after(() => closed(stream))
    expect(await connectOutcome(stream, { path: file })).toBe(errno('ECONNREFUSED'))
  })
})
