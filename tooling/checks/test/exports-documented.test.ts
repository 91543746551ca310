import { describe, expect, it } from 'vitest'
import { exportsDocumented } from '../exports-documented.mjs'
import { planted } from './planted'

const config = { 'packages/ipc/tsup.config.mjs': "library({ index: 'src/index.ts' })" }

describe('exports-documented', () => {
  it('finds an export without a doc comment, through re-exports', () => {
    const top = planted({
      ...config,
      'packages/ipc/src/index.ts': "export * from './endpoint'\nexport { b as c } from './endpoint'",
      'packages/ipc/src/endpoint.ts':
        '/** Fine. */\nexport const a = 1\nexport function b() {}\nexport interface D {}',
    })
    expect(exportsDocumented.violations(top).sort()).toEqual([
      'packages/ipc/src/endpoint.ts:3: b',
      'packages/ipc/src/endpoint.ts:3: c',
      'packages/ipc/src/endpoint.ts:4: D',
    ])
  })

  it('passes documented exports, and what is not exported', () => {
    const top = planted({
      ...config,
      'packages/ipc/src/index.ts': '/** Fine. */\nexport class A {}\nclass B {}',
    })
    expect(exportsDocumented.violations(top)).toEqual([])
  })

  it('finds overloads of the built declarations that have no comment of their own', () => {
    const text = (more: string) => `/** Opens. */\ndeclare function open(a: string): void\n${more}
      declare class A extends B { end(a: string): void; end(b: number): void }\n`
    const at = (more: string) => planted({ ...config, 'packages/ipc/dist/index.d.ts': text(more) })
    expect(exportsDocumented.violations(at('declare function open(b: number): void'))).toEqual([
      'packages/ipc/dist/index.d.ts: 1 overloads of open',
    ])
    expect(exportsDocumented.violations(at('/** Opens. */ declare function open(b: number): void'))).toEqual(
      [],
    )
  })
})
