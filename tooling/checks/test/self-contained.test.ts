import { describe, expect, it } from 'vitest'
import { selfContained } from '../self-contained.mjs'
import { planted } from './planted'

function found(text: string) {
  return selfContained.violations(planted({ 'docs/a.md': text }))
}

describe('self-contained', () => {
  it.each(['see /home/someone/net', 'cd /root/x', 'in `/work/main`', '"/Users/someone/x"'])(
    'finds a machine path: %s',
    text => {
      expect(found(text).join()).toContain("a path of somebody's machine")
    },
  )

  it('finds a registry host and a tarball address', () => {
    expect(found('from registry.npmjs.org today').join()).toContain("a package registry's host")
    expect(found('from npm.pkg.github.com').join()).toContain("a package registry's host")
    expect(found('tarball: https://a.example/b.tgz').join()).toContain('a tarball address')
    expect(found('  resolved "https://a.example/b.tgz"').join()).toContain('a tarball address')
    expect(found('"resolved": "http://127.0.0.1:4873/b.tgz"').join()).toContain('a tarball address')
  })

  it.each(['written by Claude', 'Co-Authored-By: someone', 'a language model', 'AI-generated', 'a subagent'])(
    'finds a word on how it was made: %s',
    text => {
      expect(found(text).join()).toContain('a word on how it was made')
    },
  )

  it('finds a paper that is not in the repository', () => {
    expect(found('see shared/STYLE.md').join()).toContain('a paper that is not here')
  })

  it('finds work left undone, and tells the line', () => {
    expect(found('one\nTODO: two')).toEqual(['docs/a.md:2: work left undone: TODO'])
  })

  it('passes relative paths, system paths and addresses', () => {
    expect(
      found('apps/demo/work/a, /tmp/x, /proc/self/fd, https://nodejs.org/api/net.html, an http agent'),
    ).toEqual([])
  })
})
