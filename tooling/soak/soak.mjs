#!/usr/bin/env node
// Runs the counted cases of a package in full, and prints the counts: `pnpm soak <package> [--rounds N] [case ...]`. It
// knows no case: they are in the package's test/soak/cases.mjs, or in tooling/conformance/soak where they
// need packages that its tests may not import.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * @typedef {object} SoakCase
 * @property {string} name  a word to choose it by
 * @property {string} title  what it shows, as a sentence
 * @property {number} rounds  how many are a full run
 * @property {(rounds: number, tell: (done: number) => void) => Promise<Record<string, number>>} run
 * @property {(counts: Record<string, number>, rounds: number) => string[]} check  what is wrong with the counts
 */

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
const [name, ...wanted] = positionals
const file = [
  ...['packages', 'apps'].map(folder => path.join(root, folder, name ?? '', 'test', 'soak', 'cases.mjs')),
  path.join(root, 'tooling', 'conformance', 'soak', `${name}.mjs`),
].find(existsSync)
if (values.help || name === undefined || file === undefined) {
  console.log('usage: pnpm soak <package> [--rounds N] [case ...]')
  process.exit(values.help ? 0 : 2)
}

/** @type {{ cases: SoakCase[] }} */
const { cases } = await import(pathToFileURL(file).href)
let failures = 0
for (const each of cases) {
  if (wanted.length > 0 && !wanted.includes(each.name)) continue
  const rounds = Number(values.rounds ?? each.rounds)
  const startedAt = performance.now()
  console.log(`${name} ${each.name}: ${each.title}, ${rounds} rounds`)
  const counts = await each.run(rounds, done => {
    if (process.stdout.isTTY) process.stdout.write(`\r  ${done}/${rounds}`)
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (process.stdout.isTTY) process.stdout.write('\r')
  for (const [what, count] of Object.entries(counts)) console.log(`  ${String(count).padStart(8)}  ${what}`)
  const wrong = each.check(counts, rounds)
  failures += wrong.length
  console.log(
    wrong.length === 0
      ? `  as it should be, in ${seconds} s`
      : wrong.map(text => `  WRONG: ${text}`).join('\n'),
  )
}
process.exitCode = failures === 0 ? 0 : 1
