// One name to a path on each platform: what `endpoint` answers, on any host for all of them.
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { getPathLimit, resolveEndpoint } from '../src/index'

const linux = { platform: 'linux', uid: 1000, env: {} } as const
const windows = { platform: 'win32', env: {} } as const

describe('endpoint on POSIX', () => {
  it('[I1] puts a name into the runtime folder of the user', () => {
    const at = resolveEndpoint('editor', {
      ...linux,
      env: { XDG_RUNTIME_DIR: '/run/user/1000', TMPDIR: '/var/tmp' },
    })
    expect(at).toEqual({
      kind: 'file',
      path: '/run/user/1000/editor',
      privateFolder: null,
      isShortened: false,
    })
  })

  it('[I1] falls back to a private folder of the user under the temporary folder', () => {
    expect(resolveEndpoint('editor', linux)).toEqual({
      kind: 'file',
      path: '/tmp/x-ipc-1000/editor',
      privateFolder: '/tmp/x-ipc-1000',
      isShortened: false,
    })
    const env = { TMPDIR: '/var/folders/zz/T/' }
    expect(resolveEndpoint('editor', { platform: 'darwin', uid: 501, env }).path).toBe(
      '/var/folders/zz/T/x-ipc-501/editor',
    )
  })

  it('[I1] ignores variables that hold no absolute path', () => {
    for (const value of ['', 'run', './run']) {
      const env = { XDG_RUNTIME_DIR: value, TMPDIR: value }
      expect(resolveEndpoint('editor', { ...linux, env }).path).toBe('/tmp/x-ipc-1000/editor')
    }
  })

  it('[I1] gives two users two paths', () => {
    expect(resolveEndpoint('a', { ...linux, uid: 1 }).path).not.toBe(
      resolveEndpoint('a', { ...linux, uid: 2 }).path,
    )
  })

  it('[I1] takes a folder of the caller in place of the runtime folder, and does not ask to make it', () => {
    for (const folder of ['/srv/app', '/srv/app/', '/srv/./app', '/srv/x/../app']) {
      const at = resolveEndpoint('ctl', { ...linux, folder })
      expect(at).toMatchObject({ path: '/srv/app/ctl', privateFolder: null })
    }
    expect(resolveEndpoint('ctl', { ...linux, folder: '/' }).path).toBe('/ctl')
  })

  it('[I1] takes an absolute path as it is, dots included', () => {
    expect(resolveEndpoint('/srv/link/../ctl', linux)).toEqual({
      kind: 'file',
      path: '/srv/link/../ctl',
      privateFolder: null,
      isShortened: false,
    })
  })

  it.each([
    ['linux', 107],
    ['android', 107],
    ['sunos', 107],
    ['darwin', 103],
    ['freebsd', 103],
    ['openbsd', 103],
    ['netbsd', 103],
    ['haiku', 103],
    ['aix', 1022],
  ] as const)(
    '[I1] keeps a path of the whole length on %s (%i bytes) and shortens one byte more',
    (platform, limit) => {
      expect(getPathLimit(platform)).toEqual({ limit, unit: 'bytes' })
      const options = { platform, folder: '/r' } as const
      const exact = 'n'.repeat(limit - 3)
      expect(resolveEndpoint(exact, options)).toMatchObject({ path: `/r/${exact}`, isShortened: false })

      const longer = `${exact}n`
      const hash = createHash('sha256').update(longer).digest('hex').slice(0, 16)
      const shortened = resolveEndpoint(longer, options)
      expect(shortened.path).toBe(`/r/${'n'.repeat(limit - 3 - 17)}~${hash}`)
      expect(shortened.isShortened).toBe(true)
      expect(Buffer.byteLength(shortened.path)).toBe(limit)
    },
  )

  it('[I1] counts bytes and cuts between characters', () => {
    const wide = '日本語'.repeat(20)
    const { path } = resolveEndpoint(wide, { ...linux, folder: '/run' })
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(107)
    expect(Buffer.byteLength(path)).toBeGreaterThan(107 - 3)
    expect(path).not.toContain('\ufffd')
    expect(wide.startsWith(path.slice('/run/'.length, -17))).toBe(true)
  })

  it('[I1] tells long names apart that differ in their end alone', () => {
    const options = { ...linux, folder: '/run' }
    const paths = ['1', '2', '3'].map(end => resolveEndpoint('n'.repeat(200) + end, options).path)
    expect(new Set(paths).size).toBe(3)
  })

  it('[I1] refuses what is too long where shortening does not help or was not allowed', () => {
    const folder = `/${'f'.repeat(120)}`
    expect(() => resolveEndpoint('a', { ...linux, folder })).toThrowError(
      expect.objectContaining({ code: 'ERR_X_PATH_TOO_LONG', limit: 107, bytes: 123, path: `${folder}/a` }),
    )
    expect(() =>
      resolveEndpoint('n'.repeat(104), { ...linux, folder: '/run', tooLong: 'refuse' }),
    ).toThrowError(/109 bytes.*107/)
    expect(() => resolveEndpoint(`/${'p'.repeat(107)}`, linux)).toThrowError(/108 bytes.*107/)
    expect(resolveEndpoint(`/${'p'.repeat(107)}`, { ...linux, tooLong: 'shorten' }).isShortened).toBe(true)
  })

  it.each(['', 'a/b', 'a\\b', '.', '..', 'a\0b', '/', '/run/', '/run/..', '/run/.'])(
    '[I1] refuses %j as a name',
    name => {
      expect(() => resolveEndpoint(name, linux)).toThrowError(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
      )
    },
  )

  it('[I1] refuses a name or a folder of the wrong type', () => {
    const wrong = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(() => resolveEndpoint(1 as never, linux)).toThrowError(wrong)
    expect(() => resolveEndpoint('a', null as never)).toThrowError(wrong)
    for (const folder of ['run', '', '/a\0b', 1]) {
      expect(() => resolveEndpoint('a', { ...linux, folder: folder as string })).toThrowError(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
      )
    }
  })
})

describe('endpoint in the abstract namespace', () => {
  it('[I1] begins with a NUL and needs no folder', () => {
    expect(resolveEndpoint('app/ctl', { ...linux, abstract: true })).toEqual({
      kind: 'abstract',
      path: '\0app/ctl',
      privateFolder: null,
      isShortened: false,
    })
  })

  it('[I1] holds 107 bytes after the NUL', () => {
    const options = { ...linux, abstract: true }
    expect(resolveEndpoint('n'.repeat(107), options)).toMatchObject({ isShortened: false })
    const shortened = resolveEndpoint('n'.repeat(108), options)
    expect(shortened.isShortened).toBe(true)
    expect(shortened.path).toHaveLength(108)
    expect(() => resolveEndpoint('n'.repeat(108), { ...options, tooLong: 'refuse' })).toThrowError(
      expect.objectContaining({ code: 'ERR_X_PATH_TOO_LONG' }),
    )
  })

  it.each(['darwin', 'win32', 'freebsd'] as const)('[I1] is refused on %s', platform => {
    expect(() => resolveEndpoint('a', { platform, uid: 1, abstract: true })).toThrowError(/needs Linux/)
  })
})

describe('endpoint on Windows', () => {
  it('[I1] names a pipe', () => {
    expect(resolveEndpoint('editor', windows)).toEqual({
      kind: 'pipe',
      path: '\\\\.\\pipe\\editor',
      privateFolder: null,
      isShortened: false,
    })
  })

  it.each([
    ['\\\\.\\pipe\\app', '\\\\.\\pipe\\app'],
    ['\\\\?\\pipe\\app', '\\\\?\\pipe\\app'],
    ['//./pipe/app', '\\\\.\\pipe\\app'],
    ['\\\\.\\PIPE\\app', '\\\\.\\pipe\\app'],
    ['\\\\.\\pipe\\app\\ctl', '\\\\.\\pipe\\app\\ctl'],
    ['\\\\.\\pipe\\a\\..\\b', '\\\\.\\pipe\\b'],
    ['\\\\?\\pipe\\a\\b\\..\\..\\c', '\\\\?\\pipe\\c'],
    ['\\\\.\\pipe\\.\\a\\\\b', '\\\\.\\pipe\\a\\b'],
  ])('[I1] understands %s', (given, path) => {
    expect(resolveEndpoint(given, windows).path).toBe(path)
  })

  it.each([
    '\\\\.\\pipe\\..\\app',
    '\\\\.\\pipe\\a\\..\\..\\..\\C:\\x',
    '\\\\.\\pipe\\',
    '\\\\.\\pipe\\a\\..',
    '\\\\server\\pipe\\app',
    '/tmp/app.sock',
    'C:\\app.sock',
    'a\\b',
  ])('[I1] refuses %s', given => {
    expect(() => resolveEndpoint(given, windows)).toThrowError(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
  })

  it('[I1] holds 256 characters with its prefix', () => {
    expect(resolveEndpoint('n'.repeat(247), windows)).toMatchObject({ isShortened: false })
    const { path, isShortened } = resolveEndpoint('n'.repeat(248), windows)
    expect([path.length, isShortened]).toEqual([256, true])
    expect(() => resolveEndpoint(`\\\\.\\pipe\\${'n'.repeat(248)}`, windows)).toThrowError(/257.*256/)
  })
})

describe('endpoint here', () => {
  it('[I1] takes platform, environment and user from the process', () => {
    const { platform, env } = process
    const uid = process.geteuid?.()
    expect(resolveEndpoint('a')).toEqual(
      resolveEndpoint('a', { platform, env, ...(uid !== undefined && { uid }) }),
    )
  })
})
