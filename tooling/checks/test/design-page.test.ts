import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../run/workspace.mjs'
import { designPage } from '../design-page.mjs'
import { planted } from './planted'

/** The page of this repository with what it is made from, to change. */
function copied(): string {
  const top = planted({})
  const parts = [
    'docs/design.md',
    'packages/testkit/src/conformance',
    'packages/core/src',
    'packages/core/native',
  ]
  for (const name of parts) {
    mkdirSync(path.dirname(path.join(top, name)), { recursive: true })
    cpSync(path.join(root, name), path.join(top, name), { recursive: true })
  }
  return top
}

function change(top: string, name: string, change: (text: string) => string): void {
  const file = path.join(top, name)
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}

const laws = 'packages/testkit/src/conformance/laws.ts'

describe('design-page', () => {
  it('passes the page as it is, and writes the same again', () => {
    expect(designPage.violations(copied())).toEqual([])
    const page = readFileSync(path.join(root, 'docs/design.md'), 'utf8')
    const made = execFileSync(process.execPath, [path.join(root, 'tooling/checks/design-page.mjs')])
    expect(String(made)).toBe(`${page}\n`)
  })

  it('finds a table that was changed by hand, and one that is gone', () => {
    const top = copied()
    change(top, 'docs/design.md', text =>
      text.replace('| `socket/` |', '| `plug/` |').replace('1. No callback', '1. A callback'),
    )
    change(top, 'docs/design.md', text => text.replace('<!-- layers of ipc', '<!-- floors of ipc'))
    expect(designPage.violations(top).map(line => line.replace(/ \(.*/, ''))).toEqual([
      'docs/design.md: the layers of core are not current',
      'docs/design.md: the layers of ipc are not current',
      'docs/design.md: the laws of the transport contract are not current',
    ])
  })

  it('finds a file that has come to import node:net, and a part that does not any more', () => {
    const top = copied()
    change(top, 'packages/core/src/interop/index.ts', text => `import 'node:net'\n${text}`)
    expect(designPage.violations(top).join()).toContain('the who imports node:net are not current')
    for (const file of ['face', 'hooks', 'index', 'thread', 'children', 'face-source']) {
      change(top, `packages/core/src/register/${file}.ts`, text =>
        text.replaceAll("from 'node:net'", "from './face'"),
      )
    }
    expect(designPage.violations(top)).toContain(
      'tooling/checks/layer-lists.mjs: register/ does not import node:net any more',
    )
  })

  it('finds a file that the page names and that there is not', () => {
    const top = copied()
    change(top, 'docs/design.md', text => text.replace('`socket/outbox.ts`', '`socket/inbox.ts`'))
    expect(designPage.violations(top)).toEqual(['docs/design.md: there is no socket/inbox.ts'])
  })

  it('finds a law without a test, and a test without a law', () => {
    const more = copied()
    change(more, laws, text => text.replace(/\]\n$/, "  'A thirteenth.',\n]\n"))
    expect(designPage.violations(more)).toContain('packages/testkit/src/conformance: law 13 has no test')
    const fewer = copied()
    change(fewer, laws, text => text.replace(/ {2}'A callback sees .*\n/, ''))
    expect(designPage.violations(fewer)).toContain(
      'packages/testkit/src/conformance: a test is of law 12, which laws.ts does not have',
    )
  })
})
