// What a user has after `npm install`: the packages' tarballs in a project of their own, on every supported Node.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { nodeOrReason, supportedNodes } from '@x/run/node-versions'
import { root } from '@x/run/workspace'
import { runOnWindows, whyNoWindows } from '@x/wine/windows-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asCommonJs, readmeExample } from '../examples.mjs'
import { install, packAll, published, runProgram, type Tarballs } from '../tarballs.mjs'

const workspace = mkdtempSync(path.join(tmpdir(), 'x-pack-'))
let tarballs: Tarballs = {}

beforeAll(async () => {
  tarballs = await packAll(workspace)
})
afterAll(() => rmSync(workspace, { recursive: true, force: true }))

/** Every entry of a package that code may import. */
function entriesOf(folder: string, name: string): string[] {
  const { exports } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const entries = Object.entries(exports).filter(([, target]) => typeof target === 'object')
  return entries.map(([entry]) => name + entry.slice(1))
}

const asksTransport = `
  const { transport, reason } = require('@x/core/transport').selectTransport()
  console.log(JSON.stringify({ name: transport.name, reason }))
`

const platform = `${process.platform}-${process.arch}`
const isNativeBuilt = (() => {
  const prebuilt = path.join(
    published.find(one => one.manifest.name === '@x/core')!.folder,
    'prebuilds',
    platform,
  )
  return existsSync(prebuilt) && readdirSync(prebuilt).some(name => name.endsWith('.node'))
})()

for (const major of supportedNodes) {
  const { node, reason } = await nodeOrReason(major)

  describe.skipIf(node === null)(`installed on Node ${major}${reason === null ? '' : ` (${reason})`}`, () => {
    const project = path.join(workspace, `node-${major}`)
    beforeAll(() => install(project, tarballs, node!))

    for (const { folder, manifest } of published) {
      const example = readmeExample(folder)
      it(`runs the example of ${manifest.name}'s README as ESM and as CJS`, async () => {
        const { program, prints } = example!
        expect(await runProgram(project, node!, 'example.mjs', program)).toBe(prints)
        expect(await runProgram(project, node!, 'example.cjs', asCommonJs(program))).toBe(prints)
      })

      it(`gives import and require of ${manifest.name} one copy of each export`, async () => {
        const program = `
          import { createRequire } from 'node:module'
          const require = createRequire(import.meta.url)
          for (const entry of ${JSON.stringify(entriesOf(folder, manifest.name))}) {
            const required = require(entry)
            const imported = await import(entry)
            for (const key of Object.keys(required)) {
              // What begins with _ is an event emitter's own: @x/cluster's module is one, as node:cluster is.
              if (!/^(default$|_)/.test(key) && imported[key] !== required[key]) console.log(entry, key)
            }
          }
          console.log('compared')
        `
        expect(await runProgram(project, node!, 'same.mjs', program)).toBe('compared\n')
      })
    }

    it("runs the example of the repository's README as ESM and as CJS", async () => {
      const { program, prints } = readmeExample(root)!
      expect(await runProgram(project, node!, 'example.mjs', program)).toBe(prints)
      expect(await runProgram(project, node!, 'example.cjs', asCommonJs(program))).toBe(prints)
    })

    it.skipIf(!isNativeBuilt)(
      'runs native from the prebuilt engine in the tarball (skipped without a compiler)',
      async () => {
        expect(JSON.parse(await runProgram(project, node!, 'transport.cjs', asksTransport))).toEqual({
          name: 'native',
          reason: null,
        })
      },
    )

    it('runs portable, and says why, where no prebuilt engine fits', async () => {
      rmSync(path.join(project, 'node_modules/@x/core/prebuilds'), { recursive: true, force: true })
      const answer = JSON.parse(await runProgram(project, node!, 'transport.cjs', asksTransport))
      expect(answer).toEqual({ name: 'portable', reason: expect.stringMatching(/\w+ \w+/) })
      const example = readmeExample(published.find(one => one.manifest.name === '@x/core')!.folder)
      expect(await runProgram(project, node!, 'example.mjs', example!.program)).toBe(example!.prints)
    })
  })
}

const noWindows = whyNoWindows()

describe.skipIf(noWindows !== null)(
  `installed on Windows${noWindows === null ? '' : ` (${noWindows})`}`,
  () => {
    const project = path.join(workspace, 'windows')
    beforeAll(() => install(project, tarballs, process.execPath))

    for (const { folder, manifest } of published) {
      it(`runs the example of ${manifest.name}'s README as ESM and as CJS`, async () => {
        const { program, prints } = readmeExample(folder)!
        writeFileSync(path.join(project, 'example.mjs'), program)
        writeFileSync(path.join(project, 'example.cjs'), asCommonJs(program))
        expect(await runOnWindows(project, 'example.mjs')).toBe(prints)
        expect(await runOnWindows(project, 'example.cjs')).toBe(prints)
      })
    }
  },
)
