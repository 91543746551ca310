// Checks docs/errors.md: each code that a package's sources can throw stands there with its class, and no other. It reads
// the sources' syntax, and runs nothing.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { textOf, trackedFiles } from './tracked.mjs'

const page = 'docs/errors.md'

/** What ends up in a package: its sources, and what the presets put beside them. */
const isSource = (/** @type {string} */ name) =>
  /^packages\/[^/]+\/src\/.*\.ts$/.test(name) || /^tooling\/presets\/[^/]+\.cjs$/.test(name)

const isCode = (/** @type {string} */ text) => /^ERR_[A-Z0-9_]+$/.test(text)

/** @typedef {{ file: string, base: string }} Rule  a code's entry in a table of `defineCodes` */

/** @type {import('./all.mjs').Check} */
export const errorCodes = {
  name: 'error-codes',
  holds: 'docs/errors.md has each code that can be thrown, with its class, and no other',
  violations(top) {
    if (!existsSync(path.join(top, page))) return []
    const rows = rowsOf(readFileSync(path.join(top, page), 'utf8'))
    const { made, rules } = codesIn(top)
    const onPage = new Map(rows.map(row => [row.code, row]))
    return [
      ...[...made]
        .filter(([code]) => !onPage.has(code))
        .map(([code, file]) => `${file}: ${code} is not in ${page}`),
      ...rows.filter(({ code }) => !made.has(code)).map(({ code }) => `${page}: nobody throws ${code}`),
      ...[...rules]
        .filter(([code]) => !made.has(code))
        .map(([code, { file }]) => `${file}: ${code} is in the table, and nobody throws it`),
      ...rows.flatMap(({ code, base }) => {
        const rule = rules.get(code)
        return rule === undefined || rule.base === base
          ? []
          : [`${page}: ${code} is of ${rule.base}, not ${base}`]
      }),
      ...rows
        .filter(({ isWhole }) => !isWhole)
        .map(({ code }) => `${page}: the row of ${code} has an empty cell`),
      ...rows
        .filter(({ code }, index) => rows.findIndex(row => row.code === code) !== index)
        .map(({ code }) => `${page}: ${code} is there twice`),
    ]
  },
}

/** The rows of the page: code, class, when it comes, what to do. @param {string} text */
function rowsOf(text) {
  return [...text.matchAll(/^\| `(ERR_\w+)` \| `?(\w*)`? \|(.*)\|$/gm)].map(
    ([, code = '', base = '', rest = '']) => {
      const cells = rest.split('|').map(cell => cell.trim())
      return { code, base, isWhole: base !== '' && cells.length === 2 && cells.every(cell => cell !== '') }
    },
  )
}

/** The codes that the sources throw, each with a file that does, and those of their tables. @param {string} top */
function codesIn(top) {
  /** @type {Map<string, string>} */
  const made = new Map()
  /** @type {Map<string, Rule>} */
  const rules = new Map()
  for (const name of trackedFiles(top).filter(isSource)) {
    const source = ts.createSourceFile(name, textOf(top, name) ?? '', ts.ScriptTarget.ES2022, true)
    /** @param {ts.Node} node */
    const visit = node => {
      if (ts.isStringLiteralLike(node) && isCode(node.text) && isMade(node)) made.set(node.text, name)
      const rule = ruleOf(node)
      if (rule !== null) rules.set(rule.code, { file: name, base: rule.base })
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return { made, rules }
}

/** Whether an error is made of this literal: not where it is a type, a key, or what a code is compared with. @param {ts.Node} node */
function isMade(node) {
  const { parent } = node
  if (ts.isLiteralTypeNode(parent) || ts.isCaseClause(parent)) return false
  if (ts.isPropertyAssignment(parent) && parent.name === node) return false
  return !(ts.isBinaryExpression(parent) && /^[!=]==?$/.test(parent.operatorToken.getText()))
}

/** A rule of a table: `ERR_X: { base: TypeError, ... }`. @param {ts.Node} node */
function ruleOf(node) {
  if (!ts.isPropertyAssignment(node) || !ts.isIdentifier(node.name) || !isCode(node.name.text)) return null
  if (!ts.isObjectLiteralExpression(node.initializer)) return null
  for (const member of node.initializer.properties) {
    if (ts.isPropertyAssignment(member) && member.name.getText() === 'base')
      return { code: node.name.text, base: member.initializer.getText() }
  }
  return null
}
