import { describe, expect, it } from 'vitest'
import { linesOfCode, size } from '../size.mjs'
import { planted } from './planted'

describe('size', () => {
  it('finds a file of 401 lines, and passes one of 400', () => {
    const code = (lines: number) => 'a()\n'.repeat(lines)
    expect(size.violations(planted({ 'src/a.ts': code(400), 'native/b.c': code(401) }))).toEqual([
      'native/b.c: 401 lines',
    ])
  })

  it('counts neither blank nor comment lines', () => {
    expect(linesOfCode('// a\n\n/* b\n c\n*/\nd() // e\n/* f */ g()\n')).toBe(2)
  })
})
