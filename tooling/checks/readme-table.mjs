// The README's table of what works: made from the reports of the test runs, and checked against them. A test shows a
// row by the ids in brackets that its name begins with, on the transports that its name or its suites' names tell.
//   node tooling/checks/readme-table.mjs --write      rewrites the table from the last `npm test`
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readReport, reportsIn } from '../run/reports.mjs'
import { readJson, root } from '../run/workspace.mjs'

const start = '<!-- what works: made from the tests by `pnpm readme-table` -->'
const end = '<!-- end of what works -->'
const transports = /** @type {const} */ (['native', 'portable', 'memory', 'simulated'])
/** Where a test's name tells no transport: nothing below the classes is at work, or whichever the machine takes. */
const anywhere = 'any'
const columns = [...transports, anywhere]

/** @type {Record<string, string>} */
export const titles = readJson(fileURLToPath(new URL('spec-ids.json', import.meta.url)))

/** @typedef {{ passed: number, failed: number, skipped: number }} Cell */
/** @typedef {Map<string, Cell>} Evidence  `S9 native` to its counts */

/** @type {import('./all.mjs').Check} */
export const readmeTable = {
  name: 'readme-table',
  holds: 'the README claims what the last test run showed, and no more',
  violations(top) {
    const evidence = evidenceIn(path.join(top, '.reports'))
    return evidence === null
      ? []
      : unfounded(claimsOf(readFileSync(path.join(top, 'README.md'), 'utf8')), evidence)
  },
}

/**
 * What the tests of a run showed; null where nothing ran yet.
 * @param {string} folder
 */
export function evidenceIn(folder) {
  const reports = reportsIn(folder)
  if (reports.length === 0) return null
  return evidenceOf(reports.flatMap(({ from, file }) => readReport(from, file)))
}

/** @param {readonly import('../run/reports.mjs').Outcome[]} outcomes @returns {Evidence} */
export function evidenceOf(outcomes) {
  /** @type {Evidence} */
  const evidence = new Map()
  for (const { name, outcome } of outcomes) {
    const ids = [...name.matchAll(/\[([A-Z]\d+(?:[ ,]+[A-Z]\d+)*)\]/g)].flatMap(match =>
      (match[1] ?? '').split(/[ ,]+/),
    )
    const named = transports.filter(transport => new RegExp(`\\b${transport}\\b`).test(name))
    for (const id of ids) {
      for (const transport of named.length > 0 ? named : [anywhere]) {
        const key = `${id} ${transport}`
        const cell = evidence.get(key) ?? { passed: 0, failed: 0, skipped: 0 }
        cell[outcome]++
        evidence.set(key, cell)
      }
    }
  }
  return evidence
}

/** Whether a row works on a transport: some test showed it and none failed. @param {Cell | undefined} cell */
function works(cell) {
  return cell !== undefined && cell.passed > 0 && cell.failed === 0
}

/** @param {Evidence} evidence */
export function tableOf(evidence) {
  const shown = columns.filter(column =>
    Object.keys(titles).some(id => works(evidence.get(`${id} ${column}`))),
  )
  const row = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`
  const rows = Object.entries(titles)
    .filter(([id]) => shown.some(column => works(evidence.get(`${id} ${column}`))))
    .map(([id, title]) =>
      row([id, title, ...shown.map(column => (works(evidence.get(`${id} ${column}`)) ? '✓' : ''))]),
    )
  return [row(['id', 'what', ...shown]), row(['---', '---', ...shown.map(() => ':-:')]), ...rows].join('\n')
}

/** The ticks in a README: `S9 native` and so on. @param {string} readme */
export function claimsOf(readme) {
  const lines = blockOf(readme)
    .split('\n')
    .filter(line => line.startsWith('|'))
  const cellsOf = (/** @type {string} */ line) =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim())
  const [head = '', , ...rows] = lines
  const names = cellsOf(head)
  return rows.flatMap(line => {
    const cells = cellsOf(line)
    return cells.flatMap((cell, index) => (cell === '✓' ? [`${cells[0]} ${names[index]}`] : []))
  })
}

/**
 * Claims that a run does not bear out. Where the tests of a claim were skipped, or nothing at all ran on
 * native (the machine has no compiler), the run says nothing of it.
 * @param {readonly string[]} claims @param {Evidence} evidence
 */
export function unfounded(claims, evidence) {
  const ran = new Set(
    [...evidence].filter(([, cell]) => cell.passed + cell.failed > 0).map(([key]) => key.split(' ')[1]),
  )
  return claims.flatMap(claim => {
    const cell = evidence.get(claim)
    if (claim.endsWith(' native') && !ran.has('native')) return []
    if (works(cell) || (cell !== undefined && cell.failed === 0 && cell.skipped > 0)) return []
    return [
      `README.md claims ${claim}: ${cell === undefined ? 'no test shows it' : `${cell.failed} of its tests failed`}`,
    ]
  })
}

/** @param {string} readme */
function blockOf(readme) {
  const from = readme.indexOf(start)
  const to = readme.indexOf(end)
  if (from < 0 || to < from) throw new Error('README.md has no place for the table')
  return readme.slice(from + start.length, to)
}

/** @param {string} readme @param {string} table */
export function withTable(readme, table) {
  return readme.replace(`${start}${blockOf(readme)}${end}`, () => `${start}\n${table}\n${end}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const evidence = evidenceIn(path.join(root, '.reports'))
  const file = path.join(root, 'README.md')
  if (evidence === null || !existsSync(file)) throw new Error('no reports: run `npm test` first')
  const readme = withTable(readFileSync(file, 'utf8'), tableOf(evidence))
  if (process.argv.includes('--write')) writeFileSync(file, readme)
  else console.log(tableOf(evidence))
}
