// Writes down why tests were skipped (`context.skip(reason)`), which vitest's JSON report leaves out: a JSON object of
// full test name to reason, beside that report.
import { writeFileSync } from 'node:fs'

/**
 * A vitest reporter.
 * @param {string} file
 * @returns {import('vitest/node').Reporter}
 */
export function skipReasons(file) {
  /** @type {Record<string, string>} */
  const reasons = {}
  return {
    onTestCaseResult(test) {
      const result = test.result()
      if (result.state === 'skipped' && result.note !== undefined) reasons[nameOf(test)] = result.note
    },
    onTestRunEnd() {
      writeFileSync(file, JSON.stringify(reasons))
    },
  }
}

/** As the JSON report has it. @param {import('vitest/node').TestCase} test */
function nameOf(test) {
  return test.fullName.replaceAll(' > ', ' ')
}
