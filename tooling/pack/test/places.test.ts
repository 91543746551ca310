// The packages where users put them: in a bundle without node_modules, in a folder with an odd name, or behind a link.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asCommonJs, readmeExample } from '../examples.mjs'
import { install, packAll, published, runProgram } from '../tarballs.mjs'

const folder = mkdtempSync(path.join(tmpdir(), 'x-places-'))
const project = path.join(folder, 'project')
const odd = path.join(folder, 'ein Ordner für 空 #1%20')

beforeAll(async () => {
  await install(project, await packAll(folder), process.execPath)
  cpSync(project, odd, { recursive: true, verbatimSymlinks: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What esbuild asks for where a module has CommonJS packages in it. */
const requireBanner = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)`

const examples = published.map(one => [one.manifest.name, readmeExample(one.folder)!] as const)

describe.each(examples)('the example of %s', (name, { program, prints }) => {
  it.each(['cjs', 'esm'] as const)('runs from a bundle alone (%s, minified)', async format => {
    const short = name.replace('@x/', '')
    const alone = path.join(folder, `bundle-${short}-${format}`)
    const file = format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs'
    const contents = format === 'cjs' ? asCommonJs(program) : program
    const { outputFiles, warnings } = await build({
      stdin: { contents, resolveDir: project },
      bundle: true,
      minify: true,
      write: false,
      platform: 'node',
      format,
      logLevel: 'silent',
      ...(format === 'esm' && { banner: { js: requireBanner } }),
    })
    expect(warnings).toEqual([])
    mkdirSync(alone)
    expect(await runProgram(alone, process.execPath, file, outputFiles[0]!.text)).toBe(prints)
  })

  it('runs in a folder whose name has spaces and letters beyond ASCII', async () => {
    expect(await runProgram(odd, process.execPath, 'example.mjs', program)).toBe(prints)
    expect(await runProgram(odd, process.execPath, 'example.cjs', asCommonJs(program))).toBe(prints)
  })

  it('runs behind a link to node_modules, with and without --preserve-symlinks', async () => {
    const linked = mkdtempSync(path.join(folder, 'linked-'))
    symlinkSync(path.join(project, 'node_modules'), path.join(linked, 'node_modules'), 'dir')
    const options = { NODE_OPTIONS: '--preserve-symlinks' }
    expect(await runProgram(linked, process.execPath, 'example.mjs', program)).toBe(prints)
    expect(await runProgram(linked, process.execPath, 'example.mjs', program, options)).toBe(prints)
  })
})
