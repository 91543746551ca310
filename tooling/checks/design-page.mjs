// The parts of docs/design.md that the checks and the conformance suite know: the layers, who imports node:net, the laws of
// the transport contract. Made from there, and checked to be current.
//   node tooling/checks/design-page.mjs --write      rewrites them
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { root } from '../run/workspace.mjs'
import { specifiersOf } from './imports.mjs'
import { coreLayers, ipcLayers, isOf, nodeNetParts } from './layer-lists.mjs'
import { textOf, trackedFiles } from './tracked.mjs'

const page = 'docs/design.md'
const conformance = 'packages/testkit/src/conformance'
const core = 'packages/core/src/'

/** What is made, by the name in its marker. @type {Readonly<Record<string, (top: string) => string>>} */
const parts = {
  'layers of core': () => layerTable(coreLayers),
  'layers of ipc': () => layerTable(ipcLayers),
  'who imports node:net': nodeNetTable,
  'laws of the transport contract': lawList,
}

/** @type {import('./all.mjs').Check} */
export const designPage = {
  name: 'design-page',
  holds:
    'layers, imports of node:net and laws in docs/design.md are those of the code, and each law has a test',
  violations(top) {
    if (!existsSync(path.join(top, page))) return []
    const text = readFileSync(path.join(top, page), 'utf8')
    const stale = Object.keys(parts)
      .filter(name => blockOf(text, name) !== `\n\n${parts[name]?.(top)}\n\n`)
      .map(name => `${page}: the ${name} are not current (pnpm design-page --write)`)
    return [...stale, ...missingFiles(top, text), ...lawProblems(top), ...unusedParts(top)]
  },
}

/** @param {readonly import('./layer-lists.mjs').Layer[]} layers */
function layerTable(layers) {
  const rows = layers.map(({ names, what }) => `| ${names.map(name => `\`${name}\``).join(', ')} | ${what} |`)
  return ['| layer | what it is |', '| --- | --- |', ...rows].join('\n')
}

/** Files of a part of core that import node:net, for its types or at run time. @param {string} top @param {string} part */
function nodeNetFiles(top, part) {
  return trackedFiles(top)
    .filter(name => name.startsWith(core) && name.endsWith('.ts') && isOf(part, name.slice(core.length)))
    .filter(name => specifiersOf(textOf(top, name) ?? '').some(one => one === 'node:net' || one === 'net'))
    .map(name => name.slice(core.length + (part.endsWith('/') ? part.length : 0), -'.ts'.length))
}

/** @param {string} top */
function nodeNetTable(top) {
  const rows = nodeNetParts.map(({ name, why }) => {
    const files = nodeNetFiles(top, name).map(file => `\`${file}\``)
    return `| \`${name}\` | ${files.join(', ')} | ${why} |`
  })
  return ['| part | files | why |', '| --- | --- | --- |', ...rows].join('\n')
}

/** @param {string} top */
function unusedParts(top) {
  return nodeNetParts
    .filter(({ name }) => nodeNetFiles(top, name).length === 0)
    .map(({ name }) => `tooling/checks/layer-lists.mjs: ${name} does not import node:net any more`)
}

/** @param {string} top */
function lawList(top) {
  return lawsOf(top)
    .map((law, index) => `${index + 1}. ${law}`)
    .join('\n')
}

/** @param {string} top @returns {readonly string[]} */
function lawsOf(top) {
  const text = readFileSync(path.join(top, conformance, 'laws.ts'), 'utf8')
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  })
  /** @type {{ laws?: readonly string[] }} */
  const exports = {}
  new Function('exports', outputText)(exports)
  return exports.laws ?? []
}

/** Files of core that the page names and that there are not. @param {string} top @param {string} text */
function missingFiles(top, text) {
  const named = [...text.matchAll(/`((?:[\w-]+\/)+[\w-]+\.(?:ts|c|h|mjs))`/g)].map(match => match[1] ?? '')
  const folders = ['packages/core/', core].map(folder => path.join(top, folder))
  return [...new Set(named)]
    .map(name => name.replace(/^packages\/core\//, ''))
    .filter(name => folders.some(folder => existsSync(path.join(folder, name.split('/', 1)[0] ?? ''))))
    .filter(name => !folders.some(folder => existsSync(path.join(folder, name))))
    .map(name => `${page}: there is no ${name}`)
}

/** Laws without a test, and tests of a law that there is not. @param {string} top */
function lawProblems(top) {
  const count = lawsOf(top).length
  const tested = trackedFiles(top)
    .filter(name => name.startsWith(`${conformance}/`))
    .flatMap(name => [...(textOf(top, name) ?? '').matchAll(/\bname: ['"`]law (\d+): /g)])
    .map(match => Number(match[1]))
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  return [
    ...numbers.filter(law => !tested.includes(law)).map(law => `${conformance}: law ${law} has no test`),
    ...[...new Set(tested)]
      .filter(law => !numbers.includes(law))
      .map(law => `${conformance}: a test is of law ${law}, which laws.ts does not have`),
  ]
}

/** @param {string} name */
function markersOf(name) {
  return [`<!-- ${name}: made by \`pnpm design-page --write\` -->`, `<!-- end of ${name} -->`]
}

/** @param {string} text @param {string} name */
function blockOf(text, name) {
  const [start = '', end = ''] = markersOf(name)
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  return from < 0 || to < from ? null : text.slice(from + start.length, to)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = path.join(root, page)
  let text = readFileSync(file, 'utf8')
  for (const [name, make] of Object.entries(parts)) {
    const [start, end] = markersOf(name)
    const block = blockOf(text, name)
    if (block === null) throw new Error(`${page} has no place for the ${name}: ${start} ... ${end}`)
    text = text.replace(`${start}${block}${end}`, () => `${start}\n\n${make(root)}\n\n${end}`)
  }
  if (process.argv.includes('--write')) writeFileSync(file, text)
  else console.log(text)
}
