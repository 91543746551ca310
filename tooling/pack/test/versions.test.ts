// Which versions a changeset moves, in a copy of the workspace: no release may need two copies of a package.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { root, workspacePackages } from '@x/run/workspace'
import { describe, expect, it, onTestFinished } from 'vitest'

/** A copy of what decides about versions, with the published packages at a version; null leaves theirs. */
function workspaceAt(version: string | null): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'x-versions-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  for (const name of ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', '.changeset/config.json']) {
    cpSync(path.join(root, name), path.join(copy, name))
  }
  for (const { folder, manifest } of workspacePackages()) {
    const name = path.join(path.relative(root, folder), 'package.json')
    cpSync(path.join(root, name), path.join(copy, name))
    if (version === null || manifest.private) continue
    const text = readFileSync(path.join(root, name), 'utf8')
    writeFileSync(path.join(copy, name), text.replace(/"version": "[^"]*"/, `"version": "${version}"`))
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { cwd: copy })
  git('init', '-q', '-b', 'main')
  git('add', '.changeset', 'packages')
  git('commit', '-qm', 'a')
  return copy
}

/** Runs `changeset version`, and answers the published packages' versions. */
function release(copy: string): Record<string, string> {
  const tool = path.join(root, 'node_modules/@changesets/cli/bin.js')
  execFileSync(process.execPath, [tool, 'version'], { cwd: copy, stdio: 'pipe' })
  expect(readdirSync(path.join(copy, '.changeset'))).toEqual(['config.json'])
  return versionsIn(copy)
}

/** The packages that one changeset moves, and where to. */
function movedBy(version: string, changes: Record<string, string>): Record<string, string> {
  const copy = workspaceAt(version)
  const front = Object.entries(changes).map(([name, kind]) => `'${name}': ${kind}`)
  writeFileSync(
    path.join(copy, '.changeset/what-changed.md'),
    `---\n${front.join('\n')}\n---\n\nWhat changed.\n`,
  )
  return Object.fromEntries(Object.entries(release(copy)).filter(([, to]) => to !== version))
}

function versionsIn(top: string): Record<string, string> {
  const all = workspacePackages(top).filter(({ manifest }) => manifest.private !== true)
  return Object.fromEntries(
    all.map(({ manifest }) => [manifest.name, (manifest as { version?: string }).version ?? '']),
  )
}

const everyPackage = (version: string) => ({
  '@x/cluster': version,
  '@x/core': version,
  '@x/ipc': version,
  '@x/testkit': version,
})

describe('versions', () => {
  it.each(['0.2.1', '1.2.1'])('move for the named package alone where its change is compatible (%s)', at => {
    const [next] = Object.values(movedBy(at, { '@x/core': 'patch' }))
    expect(movedBy(at, { '@x/core': 'patch' })).toEqual({ '@x/core': next })
    expect(movedBy(at, { '@x/testkit': 'minor' })).toHaveProperty('@x/testkit')
    expect(Object.keys(movedBy(at, { '@x/testkit': 'minor' }))).toEqual(['@x/testkit'])
  })

  it('move all that use core to its new line, so that no range of the old line reaches the new one', () => {
    expect(movedBy('0.2.1', { '@x/core': 'minor' })).toEqual(everyPackage('0.3.0'))
    expect(movedBy('1.2.1', { '@x/core': 'minor' })).toEqual({ '@x/core': '1.3.0' })
    expect(movedBy('1.2.1', { '@x/core': 'major' })).toEqual(everyPackage('2.0.0'))
  })

  it('move what uses a package that breaks, and nothing else', () => {
    const users = workspacePackages().filter(({ manifest }) => {
      const { dependencies = {} } = manifest as { dependencies?: Record<string, string> }
      return manifest.private !== true && '@x/ipc' in dependencies
    })
    const moved = ['@x/ipc', ...users.map(({ manifest }) => manifest.name)]
    expect(movedBy('0.2.1', { '@x/ipc': 'minor' })).toEqual(
      Object.fromEntries(moved.map(name => [name, '0.3.0'])),
    )
  })

  it.skipIf(versionsIn(root)['@x/core'] !== '0.0.0')(
    'begin with 0.1.0 (skipped once there was a release)',
    () => {
      const copy = workspaceAt(null)
      for (const name of readdirSync(path.join(root, '.changeset'))) {
        if (name !== 'README.md')
          cpSync(path.join(root, '.changeset', name), path.join(copy, '.changeset', name))
      }
      expect(release(copy)).toEqual(everyPackage('0.1.0'))
    },
  )
})
