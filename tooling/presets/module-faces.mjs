#!/usr/bin/env node
// Writes the ES module face of a built package: for each entry in package.json's `exports`, a .mjs and a .d.mts that
// re-export the CommonJS build, so that a program which mixes `import` and `require` has one copy of each class.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

// `--default-is-module`: `require` of the package gives its default export, which carries the named ones as properties.
if (process.argv.includes('--default-is-module')) {
  appendFileSync(
    'dist/index.js',
    '\nmodule.exports = Object.assign(module.exports.default, module.exports);\n',
  )
}

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

const { exports: entries } = JSON.parse(readFileSync('package.json', 'utf8'))
for (const entry of Object.values(entries)) {
  if (typeof entry !== 'object' || !entry.require) continue
  writeFace(path.resolve(entry.require.default), path.resolve(entry.import.default))
}

function writeFace(implementation, face) {
  const from = `./${path.basename(implementation)}`
  const module = createRequire(import.meta.url)(implementation)
  const lines = [`import x from '${from}'`]
  for (const key of Object.keys(module)) {
    if (key !== 'default' && key !== 'module.exports' && !key.startsWith('_'))
      lines.push(`export const ${key} = x.${key}`)
  }
  // Node gives all exports as the default one of a CommonJS module; bundlers that follow __esModule give its default.
  if ('default' in module) lines.push('export default x.default ?? x')
  writeFileSync(face, `${lines.join('\n')}\n`)

  const types = [`export * from '${from}'`]
  if ('default' in module) types.push(`export { default } from '${from}'`)
  writeFileSync(face.replace(/\.mjs$/, '.d.mts'), `${types.join('\n')}\n`)
}
