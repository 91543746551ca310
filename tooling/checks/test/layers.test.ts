import { describe, expect, it } from 'vitest'
import { layers } from '../layers.mjs'
import { manifest, planted } from './planted'

const core = { 'packages/core/package.json': manifest('@x/core') }
const ipc = { 'packages/ipc/package.json': manifest('@x/ipc', ['@x/core']) }

function found(files: Record<string, string>) {
  return layers.violations(planted(files))
}

describe('layers', () => {
  it('passes what follows the directions', () => {
    const files = {
      ...core,
      ...ipc,
      'packages/core/src/errors/errno.ts': 'export const a = 1',
      'packages/core/src/errors/codes.ts': "import { a } from './errno'",
      'packages/core/src/transport/portable/stream.ts':
        "import net from 'node:net'\nimport '../../errors/codes'",
      'packages/core/src/server/index.ts': "import '../socket'\nimport './accept'",
      'packages/core/src/server/accept.ts': 'export {}',
      'packages/core/src/socket/index.ts': "import '../transport/contract'",
      'packages/core/src/transport/contract.ts': 'export {}',
      'packages/ipc/src/index.ts': "import { connect } from '@x/core'",
    }
    expect(found(files)).toEqual([])
  })

  it('finds a package that uses a sibling it may not know', () => {
    const files = { ...core, ...ipc, 'packages/core/src/index.ts': "import '@x/ipc'" }
    expect(found(files).join()).toContain('@x/ipc is not among')
    const testkit = { ...core, 'packages/core/test/server.test.ts': "import { memory } from '@x/testkit'" }
    expect(found(testkit).join()).toContain('@x/core may not use @x/testkit')
  })

  it('finds a package.json that names a sibling it may not know', () => {
    const files = { ...ipc, 'packages/core/package.json': manifest('@x/core', [], ['@x/testkit']) }
    expect(found(files)).toEqual(['@x/core: package.json may not name @x/testkit'])
  })

  it('finds a cycle', () => {
    const files = {
      'tooling/a/package.json': manifest('a', ['b']),
      'tooling/b/package.json': manifest('b', [], ['c']),
      'tooling/c/package.json': manifest('c', ['a']),
    }
    expect(found(files)).toEqual(['cycle: a > b > c > a'])
  })

  it('finds a path that leaves the package', () => {
    const files = { ...core, ...ipc, 'packages/ipc/src/index.ts': "export * from '../../core/src/index'" }
    expect(found(files).join()).toContain('leaves the package')
  })

  it('finds an undeclared dependency', () => {
    const files = { ...ipc, 'packages/ipc/src/index.ts': "const ws = require('ws')" }
    expect(found(files)).toEqual(["packages/ipc/src/index.ts: ws is not among the package's dependencies"])
  })

  it.each([
    ['socket/link', '../server'],
    ['errors/codes', '../socket/link'],
    ['transport/portable/stream', '../native/stream'],
    ['address/parse', '../transport/portable'],
    ['transport/contract', '../errors/codes'],
  ])('finds that %s of core imports %s', (from, to) => {
    const files = { ...core, [`packages/core/src/${from}.ts`]: `import type { A } from '${to}'` }
    expect(found(files).join()).toMatch(/it stands (beside|below) it in the layers/)
  })

  it('finds node:net anywhere in core but in the portable transport', () => {
    const files = { ...core, 'packages/core/src/socket/link.ts': "import { isIP } from 'node:net'" }
    expect(found(files)).toEqual(['packages/core/src/socket/link.ts: may not import node:net'])
  })

  it('finds a file of core that is in no layer', () => {
    const files = {
      ...core,
      'packages/core/src/utils/a.ts': "import '../errors/errno'",
      'packages/core/src/errors/errno.ts': '',
    }
    expect(found(files).join()).toContain('utils/a is in no layer')
  })

  it('finds module-level mutable state outside of process-state', () => {
    const files = {
      ...core,
      'packages/core/src/process-state.ts': 'let count = 0',
      'packages/core/src/net.ts': 'const a = 1\nlet count = 0',
    }
    expect(found(files)).toEqual([
      'packages/core/src/net.ts:2: module-level mutable state outside of process-state',
    ])
  })
})
