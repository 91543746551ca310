import { describe, expect, it } from 'vitest'
import { errorCodes } from '../error-codes.mjs'
import { planted } from './planted'

const table = (...rows: string[]) =>
  ['| code | class | when | what to do |', '|---|---|---|---|', ...rows].join('\n')
const row = (code: string, base = 'Error', rest = 'When. | Do.') => `| \`${code}\` | \`${base}\` | ${rest} |`

function found(source: string, ...rows: string[]) {
  return errorCodes.violations(
    planted({ 'docs/errors.md': table(...rows), 'packages/core/src/codes.ts': source }),
  )
}

const rules = 'const codes = { ERR_A: { base: TypeError, message: () => "" } }\n'

describe('error-codes', () => {
  it('passes a page that has each code that is thrown, with its class', () => {
    const source = `${rules}coded(ok ? 'ERR_A' : 'ERR_B'); Object.assign(error, { code: 'ERR_C' })`
    expect(found(source, row('ERR_A', 'TypeError'), row('ERR_B'), row('ERR_C'))).toEqual([])
  })

  it('finds a code that is thrown and not on the page', () => {
    expect(found("throw coded('ERR_A')")).toEqual([
      'packages/core/src/codes.ts: ERR_A is not in docs/errors.md',
    ])
  })

  it('finds a code that nobody throws: on the page, in a table, in comparisons, types and comments alone', () => {
    const source = `${rules}// 'ERR_A'\ntype A = 'ERR_A'\nif (error.code === 'ERR_A') {}\nswitch (code) { case 'ERR_A': }`
    expect(found(source, row('ERR_A', 'TypeError'))).toEqual([
      'docs/errors.md: nobody throws ERR_A',
      'packages/core/src/codes.ts: ERR_A is in the table, and nobody throws it',
    ])
  })

  it('finds a wrong class, an empty cell and a code that is there twice', () => {
    const source = `${rules}coded('ERR_A')`
    expect(found(source, row('ERR_A'))).toEqual(['docs/errors.md: ERR_A is of TypeError, not Error'])
    expect(found(source, row('ERR_A', 'TypeError', 'When. | '))).toEqual([
      'docs/errors.md: the row of ERR_A has an empty cell',
    ])
    expect(found(source, row('ERR_A', 'TypeError'), row('ERR_A', 'TypeError'))).toEqual([
      'docs/errors.md: ERR_A is there twice',
    ])
  })
})
