// The package inside of a program's bundle: what bundlers make of it runs, and finds the addon where it was put.
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import commonjs from '@rollup/plugin-commonjs'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { afterAll, describe, expect, it } from 'vitest'
import { findAddon } from '../../src/transport/native/addon'
import { packageFolder, run } from '../register/run'

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'x-bundle-')))
afterAll(() => rmSync(folder, { recursive: true }))
const programs = path.join(import.meta.dirname, 'program')
const hasAddon = findAddon() !== null

async function findings(file: string): Promise<unknown> {
  const { code, stdout, stderr } = await run([file], { flags: [], env: { X_NET_TRANSPORT: '' } })
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

function withEsbuild(
  entry: string,
  outfile: string,
  more: Parameters<typeof build>[0] = {},
): Promise<unknown> {
  const entryPoints = [path.join(programs, entry)]
  return build({ entryPoints, outfile, bundle: true, platform: 'node', logLevel: 'error', ...more })
}

/** What a CommonJS package needs of esbuild in a module. */
const requireBanner = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)`

async function withRollup(outfile: string, format: 'cjs' | 'es'): Promise<void> {
  const bundle = await rollup({
    input: path.join(programs, 'app.mjs'),
    plugins: [nodeResolve({ preferBuiltins: true }), commonjs()],
    onwarn: () => {},
  })
  await bundle.write({ file: outfile, format, inlineDynamicImports: true })
  await bundle.close()
}

const ways: [string, (outfile: string) => Promise<unknown>, string][] = [
  ['esbuild, CommonJS', outfile => withEsbuild('app.mjs', outfile, { format: 'cjs' }), 'cjs'],
  [
    'esbuild, a module with require',
    outfile => withEsbuild('app.mjs', outfile, { format: 'esm', banner: { js: requireBanner } }),
    'mjs',
  ],
  ['rollup, CommonJS', outfile => withRollup(outfile, 'cjs'), 'cjs'],
  ['rollup, a module', outfile => withRollup(outfile, 'es'), 'mjs'],
]

describe('a bundle', () => {
  it.each(ways)(
    '[N3] by %s runs on the portable transport, and on the addon that is put beside it',
    async (name, write, extension) => {
      const own = path.join(folder, name.replaceAll(/\W+/g, '-'))
      const file = path.join(own, `app.${extension}`)
      await write(file)
      const missing = `no binary for ${process.platform}-${process.arch}`
      const exchanged = { text: 'hello', isOurs: true }
      expect(await findings(file)).toEqual({ ...exchanged, on: 'portable', reason: missing })
      if (!hasAddon) return
      cpSync(path.join(packageFolder, 'prebuilds'), path.join(own, 'prebuilds'), { recursive: true })
      expect(await findings(file)).toEqual({ ...exchanged, on: 'native', reason: null })
    },
  )

  it('[N3] that is a module runs where `node -e` imports it', async () => {
    const file = path.join(folder, 'evaluated.mjs')
    await withEsbuild('app.mjs', file, { format: 'esm', banner: { js: requireBanner } })
    const words = ['-e', `import(${JSON.stringify(pathToFileURL(file).href)})`]
    const { code, stdout, stderr } = await run(words, { flags: [] })
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({ text: 'hello', isOurs: true })
  })

  it('[N5] of a program that asks for node:net has this package where the bundler is told so', async () => {
    const file = path.join(folder, 'plain.cjs')
    await withEsbuild('plain.cjs', file, { format: 'cjs', alias: { 'node:net': '@x/core', net: '@x/core' } })
    expect(await findings(file)).toEqual({ text: 'hello', isOurs: true })
  })
})
