// Adds up what the suites said: vitest's JSON reports and the plain checks become one list of named outcomes. It runs
// nothing.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** @typedef {{ from: string, name: string, outcome: 'passed' | 'failed' | 'skipped', detail?: string }} Outcome */

/**
 * The outcomes in one vitest JSON report. A test file that could not be loaded is one failure of its own.
 * @param {string} from  the package
 * @param {string} file
 * @returns {Outcome[]}
 */
export function readReport(from, file) {
  /** @type {{ testResults: { name: string, status: string, message?: string, assertionResults: { fullName: string, status: string, failureMessages?: string[] }[] }[] }} */
  const report = JSON.parse(readFileSync(file, 'utf8'))
  const reasons = skipReasons(file)
  return report.testResults.flatMap(suite => {
    const subject = path.basename(suite.name)
    /** @type {Outcome[]} */
    const outcomes = suite.assertionResults.map(test => ({
      from,
      name: `${subject} > ${test.fullName.trim()}`,
      outcome: test.status === 'passed' ? 'passed' : test.status === 'failed' ? 'failed' : 'skipped',
      detail: test.failureMessages?.[0]?.split('\n', 1)[0] ?? reasons[test.fullName.trim()],
    }))
    if (suite.status === 'failed' && !outcomes.some(test => test.outcome === 'failed')) {
      outcomes.push({ from, name: subject, outcome: 'failed', detail: suite.message?.split('\n', 1)[0] })
    }
    return outcomes
  })
}

/** Why tests were skipped, where they told: full name to reason (see the vitest preset). @param {string} file */
function skipReasons(file) {
  const beside = `${file}.skipped`
  return /** @type {Record<string, string>} */ (
    existsSync(beside) ? JSON.parse(readFileSync(beside, 'utf8')) : {}
  )
}

/**
 * The outcomes of one package's test command. A command that failed although its report shows no failure (an unhandled
 * error, a time limit, no report at all) counts as one failure.
 * @param {string} from
 * @param {string} file
 * @param {{ ok: boolean, code: number | null, signal: string | null, timedOut: boolean }} ended
 * @returns {Outcome[]}
 */
export function outcomesOf(from, file, ended) {
  const outcomes = existsSync(file) ? readReport(from, file) : []
  if (!ended.ok && !outcomes.some(test => test.outcome === 'failed')) {
    const how = ended.timedOut ? 'ran out of time' : `ended with ${ended.signal ?? ended.code}`
    const which = outcomes.length > 0 ? 'an error outside of any test' : 'no report'
    outcomes.push({ from, name: 'the test command', outcome: 'failed', detail: `${how}: ${which}` })
  }
  return outcomes
}

/** @param {readonly Outcome[]} outcomes */
export function totals(outcomes) {
  const count = (/** @type {string} */ wanted) => outcomes.filter(test => test.outcome === wanted).length
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
}

/**
 * What `npm test` ends with: the skipped by their reasons (by name where they gave none), the failed by name, then the
 * one line of counts.
 * @param {readonly Outcome[]} outcomes
 */
export function closing(outcomes) {
  /** @type {Map<string, number>} */
  const skipped = new Map()
  for (const { from, name, outcome, detail } of outcomes) {
    if (outcome !== 'skipped') continue
    const why = `${from}: ${detail ?? name}`
    skipped.set(why, (skipped.get(why) ?? 0) + 1)
  }
  const { passed, failed, skipped: count } = totals(outcomes)
  return [
    ...[...skipped].map(([why, times]) => `skipped: ${times > 1 ? `${times} times, ` : ''}${why}`),
    ...outcomes
      .filter(test => test.outcome === 'failed')
      .map(({ from, name, detail }) => `failed: ${from}: ${name}${detail ? ` (${detail})` : ''}`),
    `${passed} passed, ${failed} failed, ${count} skipped`,
  ]
}

/**
 * Every report of a run: package name and file.
 * @param {string} folder
 */
export function reportsIn(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => name.endsWith('.json'))
    .sort()
    .map(name => ({ from: name.slice(0, -'.json'.length).replace('+', '/'), file: path.join(folder, name) }))
}

/** The file name of a package's report. @param {string} packageName */
export function reportName(packageName) {
  return `${packageName.replace('/', '+')}.json`
}
