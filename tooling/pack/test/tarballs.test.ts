// What is in the tarballs, before anybody installs them.
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { deadLinks } from '@x/presets/links'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complaints, filesIn, strayFiles } from '../contents.mjs'
import { packAll, published, type Tarballs } from '../tarballs.mjs'

const exec = promisify(execFile)
const core = path.resolve(import.meta.dirname, '../../../packages/core')
const folder = mkdtempSync(path.join(tmpdir(), 'x-tarballs-'))
let tarballs: Tarballs = {}

beforeAll(async () => {
  tarballs = await packAll(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** With the folder that all are in. */
async function namesIn(tarball: string) {
  return (await filesIn(tarball)).map(file => `package/${file}`)
}

async function manifestIn(tarball: string) {
  const { stdout } = await exec('tar', ['-xzOf', tarball, 'package/package.json'])
  return JSON.parse(stdout)
}

describe.each(published.map(one => one.manifest.name))('the tarball of %s', name => {
  it('has no install script, and depends on its siblings by version', async () => {
    const manifest = await manifestIn(tarballs[name]!)
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(manifest.scripts?.[script]).toBeUndefined()
    }
    expect(manifest.gypfile ?? false).toBe(false)
    for (const [used, range] of Object.entries(manifest.dependencies ?? {})) {
      expect(`${used}@${range}`).not.toContain('workspace:')
    }
    // npm runs node-gyp by itself where a package has a binding.gyp at its top, unless told not to.
    expect((await namesIn(tarballs[name]!)).includes('package/binding.gyp')).toBe(false)
  })

  it('carries the licence, the README, types for import and for require, and no tests', async () => {
    const names = await namesIn(tarballs[name]!)
    for (const file of [
      'LICENSE',
      'README.md',
      'dist/index.d.ts',
      'dist/index.d.mts',
      'dist/index.js',
      'dist/index.mjs',
    ]) {
      expect(names).toContain(`package/${file}`)
    }
    expect(names.filter(file => /\/test\/|\.test\./.test(file))).toEqual([])
  })

  it('has nothing of the workspace in its manifest', async () => {
    const manifest = await manifestIn(tarballs[name]!)
    expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['devDependencies']))
    expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['scripts']))
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|@x\/presets/)
    expect(manifest.keywords.length).toBeGreaterThan(3)
  })

  it('carries its guide, with links that lead to files and headings inside of it', async () => {
    const into = mkdtempSync(path.join(folder, 'out-'))
    await exec('tar', ['-xzf', tarballs[name]!, '-C', into])
    const pages = (await namesIn(tarballs[name]!)).filter(file => file.endsWith('.md'))
    expect(pages).toContain('package/docs/errors.md')
    const dead = pages.flatMap(page => deadLinks(path.join(into, page)).map(link => `${page}: ${link}`))
    expect(dead).toEqual([])
  })

  it('is smaller than 2 MB', () => {
    expect(statSync(tarballs[name]!).size).toBeLessThan(2 * 1024 * 1024)
  })

  it('has the files that it needs, and no others', async () => {
    const problems = strayFiles(await manifestIn(tarballs[name]!), await filesIn(tarballs[name]!))
    // The engines of other systems are made for a release (`pnpm engines`), which refuses to go on without them.
    const isUnmade = (problem: string) =>
      problem.startsWith('prebuilds/') && !existsSync(path.join(core, problem.replace(': missing', '')))
    expect(problems.filter(problem => !isUnmade(problem))).toEqual([])
  })

  it('is clean for publint and attw', async () => {
    expect(await complaints(tarballs[name]!)).toBe('')
  })
})

it('a file too many and one too few are told', () => {
  const manifest = { name: '@x/ipc', exports: { '.': {} } }
  const files = ['LICENSE', 'README.md', 'package.json', 'docs/ipc.md', 'dist/copy.js', 'dist/one-copy.js']
  const faces = ['js', 'js.map', 'own.js', 'mjs', 'd.ts'].map(ending => `dist/index.${ending}`)
  expect(strayFiles(manifest, [...files, ...faces, 'dist/chunk-ABCDEFGH.js', '.env'])).toEqual([
    '.env: unexpected',
    'dist/index.d.mts: missing',
  ])
})

describe('a package that is not fit to be packed', () => {
  const script = path.resolve(import.meta.dirname, '../../presets/fit-to-pack.mjs')
  const check = (cwd: string, agent = 'pnpm/10.34.9 npm/? node/v20.20.2 linux x64') =>
    exec(process.execPath, [script], { cwd, env: { ...process.env, npm_config_user_agent: agent } })

  it.each(published.map(one => one.manifest.name))('%s is packed as it was built', async name => {
    const one = published.find(({ manifest }) => manifest.name === name)!
    expect(await check(one.folder)).toMatchObject({ stdout: '' })
  })

  it('is not packed by npm where that leaves "workspace:" in its dependencies', async () => {
    const npm = 'npm/10.8.2 node/v20.20.2 linux x64 workspaces/false'
    const ipc = published.find(({ manifest }) => manifest.name === '@x/ipc')!
    await expect(check(ipc.folder, npm)).rejects.toThrow(/ipc \S+ is not packed: npm leaves "workspace:"/)
    expect(await check(core, npm)).toMatchObject({ stdout: '' })
  })

  it('is not packed: without dist, or with that of another version', async () => {
    const copy = path.join(folder, 'unbuilt')
    mkdirSync(copy)
    cpSync(path.join(core, 'package.json'), path.join(copy, 'package.json'))
    await expect(check(copy)).rejects.toThrow(
      /is not packed: .*\.\/dist\/index\.d\.mts is missing.*"pnpm build"/,
    )
    cpSync(path.join(core, 'dist'), path.join(copy, 'dist'), { recursive: true })
    await check(copy)
    const manifest = JSON.parse(readFileSync(path.join(core, 'package.json'), 'utf8'))
    writeFileSync(path.join(copy, 'package.json'), JSON.stringify({ ...manifest, version: '7.1.0' }))
    await expect(check(copy)).rejects.toThrow(/core 7\.1\.0 is not packed: dist was built as version \d/)
  })
})
