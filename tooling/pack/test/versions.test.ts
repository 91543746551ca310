// Each package is versioned on its own: what one changeset changes, in a copy of the workspace.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { root, workspacePackages } from '@x/run/workspace'
import { describe, expect, it, onTestFinished } from 'vitest'

/** The packages whose version `changeset version` changes, with the kind of the step. */
function bumpedBy(changes: Record<string, string>): Record<string, string> {
  const copy = mkdtempSync(path.join(tmpdir(), 'x-versions-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  for (const name of ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', '.changeset/config.json']) {
    cpSync(path.join(root, name), path.join(copy, name))
  }
  for (const { folder } of workspacePackages()) {
    const name = path.join(path.relative(root, folder), 'package.json')
    cpSync(path.join(root, name), path.join(copy, name))
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
  const front = Object.entries(changes).map(([name, step]) => `'${name}': ${step}`)
  writeFileSync(
    path.join(copy, '.changeset/what-changed.md'),
    `---\n${front.join('\n')}\n---\n\nWhat changed.\n`,
  )
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { cwd: copy })
  git('init', '-q', '-b', 'main')
  git('add', '.changeset', 'packages')
  git('commit', '-qm', 'a')
  const before = versionsIn(copy)
  execFileSync(process.execPath, [path.join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], {
    cwd: copy,
    stdio: 'pipe',
  })
  expect(readdirSync(path.join(copy, '.changeset'))).not.toContain('what-changed.md')
  const after = Object.entries(versionsIn(copy))
  return Object.fromEntries(
    after
      .filter(([name, version]) => version !== before[name])
      .map(([name, version]) => [name, step(before[name]!, version)]),
  )
}

function versionsIn(top: string): Record<string, string> {
  return Object.fromEntries(
    workspacePackages(top).map(({ manifest }) => [
      manifest.name,
      (manifest as { version?: string }).version ?? '',
    ]),
  )
}

function step(before: string, after: string) {
  const [major, minor] = before.split('.')
  const [nextMajor, nextMinor] = after.split('.')
  return major !== nextMajor ? 'major' : minor !== nextMinor ? 'minor' : 'patch'
}

describe('versions', () => {
  it('bumps the named package alone where nothing depends on it', () => {
    expect(bumpedBy({ '@x/testkit': 'minor' })).toEqual({ '@x/testkit': 'minor' })
  })

  it('bumps what depends on it, and nothing else', () => {
    expect(bumpedBy({ '@x/ipc': 'minor' })).toEqual({ '@x/ipc': 'minor', '@x/cluster': 'patch' })
  })

  it('bumps every dependent of core', () => {
    expect(bumpedBy({ '@x/core': 'minor' })).toEqual({
      '@x/core': 'minor',
      '@x/ipc': 'patch',
      '@x/cluster': 'patch',
      '@x/testkit': 'patch',
    })
  })
})
