import { describe, expect, it } from 'vitest'
import { duplicates } from '../duplicates.mjs'
import { planted } from './planted'

/** Some lines of code, each of its own. */
function code(count: number, name = 'one') {
  return Array.from({ length: count }, (_, at) => `${name}(${at})`)
}

describe('duplicates', () => {
  it('finds a passage that is there twice, in one file or two, and tells it once', () => {
    const top = planted({
      'packages/a/src/one.ts': ['// why', ...code(12)].join('\n'),
      'packages/a/native/src/two.c': ['start()', '', ...code(12).map(line => `  ${line}`)].join('\n'),
    })
    expect(duplicates.violations(top)).toEqual([
      'packages/a/src/one.ts:2: as at packages/a/native/src/two.c:3',
    ])
    const twice = planted({ 'apps/b/src/one.ts': [...code(9), 'between()', ...code(9)].join('\n') })
    expect(duplicates.violations(twice)).toEqual(['apps/b/src/one.ts:11: as at apps/b/src/one.ts:1'])
  })

  it('passes short passages, the same imports and comments, and what is no source', () => {
    const names = [
      'import {',
      ...code(12, 'type name').map(line => `${line.replace(/\W\d+\W/, '')},`),
      "} from 'a'",
    ]
    const file = (more: string[]) => [...names, '// one', ...more].join('\n')
    const top = planted({
      'packages/a/src/one.ts': file(code(8)),
      'packages/a/src/two.ts': file(code(8)),
      'packages/a/test/three.ts': file(code(20)),
      'packages/a/test/four.ts': file(code(20)),
    })
    expect(duplicates.violations(top)).toEqual([])
  })
})
