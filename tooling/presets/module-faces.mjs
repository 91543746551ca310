#!/usr/bin/env node
// Writes the faces of a built package: for each entry in package.json's `exports`, a .js that answers with the one copy
// that serves the thread (one-copy.cjs; the build itself becomes .own.js), and a .mjs and a .d.mts that re-export it, so
// that a program which mixes `import` and `require`, or has two copies installed, has one of each class.
import { appendFileSync, copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { documentOverloads } from './overload-docs.mjs'

documentOverloads('src', 'dist')

// `--default-is-module`: `require` of the package gives its default export, which carries the named ones as properties.
if (process.argv.includes('--default-is-module')) {
  appendFileSync(
    'dist/index.js',
    '\nmodule.exports = Object.assign(module.exports.default, module.exports);\n',
  )
}

// `--default-named=cluster`: the default export of the index is also exported under this name. Its declaration says so: what
// TypeScript takes for the default export of a CommonJS file differs between its ways of resolving modules.
const defaultName = process.argv
  .find(word => word.startsWith('--default-named='))
  ?.slice('--default-named='.length)

// `--index-of=public`: the index has the exports of that file, by name and as its default. It is declared so here (the
// bundler of declarations makes values of the types in a default export that is a whole module; values are named too,
// since who checks packages looks for named exports beside a default one). And it becomes one plain object, whose members
// programs can replace, as they do with those of Node's own modules.
const whole = process.argv.find(word => word.startsWith('--index-of='))?.slice('--index-of='.length)
if (whole !== undefined) {
  const names = Object.keys(createRequire(import.meta.url)(path.resolve('dist/index.js')))
  writeFileSync(
    'dist/index.d.ts',
    `import * as whole from './${whole}'
export * from './${whole}'
export { ${names.filter(name => name !== 'default').join(', ')} } from './${whole}'
export { whole as default }
`,
  )
  appendFileSync(
    'dist/index.js',
    `
const { default: _whole, ...members } = module.exports
module.exports = Object.defineProperties(members, { __esModule: { value: true }, default: { value: members } })
`,
  )
}

// `--apart=metrics`: that entry keeps no state that copies have to share, and needs a package that not every user has. It is
// no part of the copy: a bundle that does not ask for the entry does not have it.
const apart = process.argv
  .filter(word => word.startsWith('--apart='))
  .map(word => word.slice('--apart='.length))

const { name: packageName, version, exports: entries } = JSON.parse(readFileSync('package.json', 'utf8'))
const faces = Object.values(entries).filter(entry => typeof entry === 'object' && entry.require)
const namesOf = Object.fromEntries(
  faces.map(({ require: { default: file } }) => [path.basename(file, '.js'), exportsOf(path.resolve(file))]),
)
const shared = Object.keys(namesOf).filter(entry => !apart.includes(entry))
writeCopy()
for (const entry of faces) {
  writeFace(path.resolve(entry.require.default), path.resolve(entry.import.default))
}

function exportsOf(file) {
  return Object.keys(createRequire(import.meta.url)(file)).filter(key => key !== 'module.exports')
}

/**
 * The exports that a copy must have to serve in the place of this one. Those of a default export that is the module
 * differ from process to process (a worker's and a primary's), so there only the ones that the build names count.
 */
function neededOf(entry) {
  if (entry !== 'index' || !process.argv.includes('--default-is-module')) return namesOf[entry]
  return [...readFileSync(`dist/${entry}.js`, 'utf8').matchAll(/^exports\.(\w+) = /gm)].map(([, key]) => key)
}

/** dist/copy.js: this copy, as one-copy.cjs wants it. The loaders are written out, so that bundlers see them. */
function writeCopy() {
  const needed = Object.fromEntries(shared.map(entry => [entry, neededOf(entry)]))
  copyFileSync(new URL('one-copy.cjs', import.meta.url), 'dist/one-copy.js')
  const loaders = shared.map(entry => `    '${entry}': () => require('./${entry}.own.js'),`)
  writeFileSync(
    'dist/copy.js',
    `'use strict'
module.exports = require('./one-copy.js')('${packageName}', {
  version: '${version}',
  folder: typeof __dirname === 'string' ? __dirname : '',
  entries: {
${loaders.join('\n')}
  },
  names: ${JSON.stringify(needed)},
})
`,
  )
}

function writeFace(implementation, face) {
  const entry = path.basename(implementation, '.js')
  const from = `./${entry}.js`
  const names = namesOf[entry].filter(key => key !== 'default' && !key.startsWith('_'))
  renameSync(implementation, implementation.replace(/\.js$/, '.own.js'))
  // The last lines are never run: they tell those who read the exports off the text (Node's lexer, attw) what they are.
  const hasDefault = namesOf[entry].includes('default')
  const loaded = apart.includes(entry) ? `require('./${entry}.own.js')` : `require('./copy.js')('${entry}')`
  const lastLines = [`0 && (module.exports = { ${names.join(', ')} })`]
  if (hasDefault) lastLines.push('0 && (exports.__esModule = exports.default = 0)')
  writeFileSync(implementation, `'use strict'\nmodule.exports = ${loaded}\n${lastLines.join('\n')}\n`)

  const lines = [`import x from '${from}'`, ...names.map(key => `export const ${key} = x.${key}`)]
  // Node gives all exports as the default one of a CommonJS module; bundlers that follow __esModule give its default.
  if (hasDefault) lines.push('export default x.default ?? x')
  writeFileSync(face, `${lines.join('\n')}\n`)

  const types = [`export * from '${from}'`]
  const defaultExport = entry === 'index' && defaultName ? `${defaultName} as default` : 'default'
  if (hasDefault) types.push(`export { ${defaultExport} } from '${from}'`)
  writeFileSync(face.replace(/\.mjs$/, '.d.mts'), `${types.join('\n')}\n`)
}
