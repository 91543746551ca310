import { describe, expect, it } from 'vitest'
import { importCircles } from '../import-circles.mjs'
import { planted } from './planted'

const inCore = (files: Record<string, string>) =>
  planted(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`packages/core/src/${name}.ts`, text])),
  )

describe('import-circles', () => {
  it('passes files that import each other one way', () => {
    const top = inCore({
      'args/a': "import './b'\nimport type { C } from '../errors/c'",
      'args/b': "export * from '../errors/c'",
      'errors/c': "import 'node:fs'",
    })
    expect(importCircles.violations(top)).toEqual([])
  })

  it('finds a circle of types, through a folder’s index, and names one of the shortest ways around', () => {
    const top = inCore({
      'args/index': "export { a } from './a'",
      'args/a': "import type { B } from '../listen/b'",
      'listen/b': "import { c } from './c'\nimport type { A } from '../args'",
      'listen/c': "import type { D } from './d'",
      'listen/d': "import type { B } from './b'\nimport { a } from '../args/a'",
    })
    expect(importCircles.violations(top)).toEqual([
      'circle: packages/core/src/args/a.ts > packages/core/src/listen/b.ts > packages/core/src/args/index.ts > packages/core/src/args/a.ts',
    ])
  })

  it('finds two files that know each other’s types, inline imports among them, and a file that imports itself', () => {
    const top = inCore({
      'connect/a': "export type A = import('./b').B",
      'connect/b': "import type { A } from './a'",
      net: "import { b } from './net'",
    })
    expect(importCircles.violations(top).sort()).toEqual([
      'circle: packages/core/src/connect/a.ts > packages/core/src/connect/b.ts > packages/core/src/connect/a.ts',
      'circle: packages/core/src/net.ts > packages/core/src/net.ts',
    ])
  })
})
