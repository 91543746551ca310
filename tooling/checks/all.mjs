// Runs the checks of the repository, all or those named, and prints one line for each, with the violations below it.
//   node tooling/checks/all.mjs [name...]     --names lists them
import { root } from '../run/workspace.mjs'
import { designPage } from './design-page.mjs'
import { duplicates } from './duplicates.mjs'
import { errorCodes } from './error-codes.mjs'
import { exportsDocumented } from './exports-documented.mjs'
import { hostFunctions } from './host-functions.mjs'
import { importCircles } from './import-circles.mjs'
import { layers } from './layers.mjs'
import { links } from './links.mjs'
import { readmeTable } from './readme-table.mjs'
import { selfContained } from './self-contained.mjs'
import { size } from './size.mjs'
import { timeLimits } from './time-limits.mjs'

/**
 * A check: what it is called, what holds where it passes, and the violations under a folder.
 * @typedef {{ name: string, holds: string, violations: (top: string) => string[] }} Check
 */

/** @type {readonly Check[]} */
const checks = [
  layers,
  importCircles,
  hostFunctions,
  size,
  duplicates,
  timeLimits,
  exportsDocumented,
  errorCodes,
  designPage,
  links,
  selfContained,
  readmeTable,
]

const wanted = process.argv.slice(2)
if (wanted[0] === '--names') {
  console.log(checks.map(check => check.name).join('\n'))
} else {
  for (const check of checks) {
    if (wanted.length === 0 || wanted.includes(check.name)) report(check)
  }
}

/** @param {Check} check */
function report(check) {
  const violations = check.violations(root)
  if (violations.length > 0) process.exitCode = 1
  console.log(`${violations.length === 0 ? 'ok  ' : 'FAIL'} ${check.name}: ${check.holds}`)
  for (const violation of violations) console.log(`       ${violation}`)
}
