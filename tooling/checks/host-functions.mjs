// Checks that a package takes what test tools replace (timers, ticks, clocks) from its host.ts, which keeps them as they were
// at load, and looks none of them up later: a program goes on while fake timers are installed.
import ts from 'typescript'
import { textOf, trackedFiles } from './tracked.mjs'

/** Packages that keep the rule. */
const sources = ['packages/core/src/', 'packages/ipc/src/']

/** What @sinonjs/fake-timers and others replace. */
const replaced = new Set([
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'Date',
  'performance',
])
const replacedOfProcess = new Set(['nextTick', 'hrtime'])

/** @type {import('./all.mjs').Check} */
export const hostFunctions = {
  name: 'host-functions',
  holds: 'timers, ticks and clocks that test tools replace are taken from host.ts alone',
  violations(top) {
    return trackedFiles(top)
      .filter(name => name.endsWith('.ts') && sources.some(folder => name.startsWith(folder)))
      .filter(name => !name.endsWith('/src/host.ts'))
      .flatMap(name => lookUps(name, textOf(top, name) ?? ''))
  },
}

/** @param {string} name @param {string} text */
function lookUps(name, text) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true)
  const own = declaredIn(file)
  /** @type {string[]} */
  const found = []
  /** @param {ts.Node} node */
  const visit = node => {
    if (ts.isTypeNode(node)) return
    const what = globalOf(node, own)
    if (what !== null) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
      found.push(`${name}:${line + 1}: ${what} is looked up: take it from host.ts`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** The name of a replaced function where the node looks it up. @param {ts.Node} node @param {ReadonlySet<string>} own */
function globalOf(node, own) {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const { text: object } = node.expression
    const { text: member } = node.name
    if (object === 'process' && replacedOfProcess.has(member)) return `process.${member}`
    if (object === 'globalThis' && replaced.has(member)) return `globalThis.${member}`
  }
  if (!ts.isIdentifier(node) || !replaced.has(node.text) || own.has(node.text)) return null
  return isName(node) ? null : node.text
}

/** Whether an identifier is the name of a member and no use of a variable. @param {ts.Identifier} node */
function isName(node) {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  if (ts.isShorthandPropertyAssignment(parent)) return false
  const named = /** @type {{ name?: ts.Node, propertyName?: ts.Node }} */ (/** @type {unknown} */ (parent))
  return named.name === node || named.propertyName === node
}

/** Names that the file imports. @param {ts.SourceFile} file */
function declaredIn(file) {
  const names = file.statements.flatMap(statement => {
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined
    return bindings !== undefined && ts.isNamedImports(bindings)
      ? bindings.elements.map(one => one.name.text)
      : []
  })
  return new Set(names)
}
