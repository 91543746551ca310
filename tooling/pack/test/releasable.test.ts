// What keeps a checkout from being released.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { obstacles } from '../releasable.mjs'

function checkout() {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-releasable-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, stdio: 'pipe' })
  git('init', '-q')
  mkdirSync(path.join(folder, '.changeset'))
  const write = (name: string, text: string) => writeFileSync(path.join(folder, '.changeset', name), text)
  const commit = () => {
    git('add', '-A')
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'all')
  }
  write('README.md', 'what changesets are\n')
  commit()
  return { folder, write, commit }
}

it('is releasable when all is committed and no changeset waits for a version', () => {
  expect(obstacles(checkout().folder)).toEqual([])
})

it('is not while a file is changed or new', () => {
  const { folder } = checkout()
  writeFileSync(path.join(folder, 'new.js'), '')
  expect(obstacles(folder)).toEqual([expect.stringContaining('?? new.js')])
})

it('is not while no version has a changeset, in a prerelease either', () => {
  const { folder, write, commit } = checkout()
  write('kind-cats-run.md', 'a change\n')
  commit()
  expect(obstacles(folder)).toEqual([
    expect.stringMatching(/changesets yet: kind-cats-run\. .*version-packages/),
  ])
  write('pre.json', JSON.stringify({ mode: 'pre', tag: 'next', changesets: ['kind-cats-run'] }))
  commit()
  expect(obstacles(folder)).toEqual([])
  write('odd-dogs-sit.md', 'another\n')
  commit()
  expect(obstacles(folder)).toEqual([expect.stringContaining('yet: odd-dogs-sit.')])
})
