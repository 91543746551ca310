// Programs that use the built package's types beside those of node:net, compiled with each supported Node's types.
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'

const packageFolder = path.resolve(__dirname, '../..')
const workspace = path.resolve(packageFolder, '../..')
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'x-types-')))
afterAll(() => rmSync(folder, { recursive: true }))

/** `@types/node` of the workspace is of the newest Node. */
const typesOf = {
  'Node 20': path.join(packageFolder, 'node_modules/@types/node-20'),
  'Node 22': path.join(packageFolder, 'node_modules/@types/node-22'),
  'Node 24': path.join(packageFolder, 'node_modules/@types/node-24'),
  'Node 26': path.join(workspace, 'node_modules/@types/node'),
}

/** A folder with this package and these types of node installed, and the programs in it. */
function install(name: string, types: string): string {
  const user = path.join(folder, name.replace(' ', '-'))
  mkdirSync(path.join(user, 'node_modules/@types'), { recursive: true })
  mkdirSync(path.join(user, 'node_modules/@x/core'), { recursive: true })
  symlinkSync(realpathSync(types), path.join(user, 'node_modules/@types/node'))
  for (const part of ['package.json', 'dist']) {
    cpSync(path.join(packageFolder, part), path.join(user, 'node_modules/@x/core', part), {
      recursive: true,
      filter: file => !file.endsWith('.map'),
    })
  }
  cpSync(path.join(__dirname, 'consumer'), path.join(user, 'src'), { recursive: true })
  return user
}

/** What the compiler says of the programs and of the package's own declarations. */
function problemsIn(user: string): string[] {
  const compiled = ts.createProgram([path.join(user, 'src/node-net.mts')], {
    noEmit: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    typeRoots: [path.join(user, 'node_modules/@types')],
  })
  const ours = compiled.getSourceFiles().filter(({ fileName }) => fileName.startsWith(user))
  expect(ours.map(({ fileName }) => path.basename(fileName))).toContain('index.d.mts')
  return ours.flatMap(file =>
    compiled.getSemanticDiagnostics(file).map(({ messageText, start = 0 }) => {
      const line = file.getLineAndCharacterOfPosition(start).line + 1
      return `${path.basename(file.fileName)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    }),
  )
}

describe('the types of the package', () => {
  it.each(Object.entries(typesOf))(
    'serve where those of node:net are asked for, with the types of %s',
    (name, types) => {
      expect(problemsIn(install(name, types))).toEqual([])
    },
  )
})
