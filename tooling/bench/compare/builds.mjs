// Commits of this repository, each built in a worktree of its own that is gone afterwards. It measures nothing.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { workspaceEnvironment } from '@x/run/pnpm'
import { root } from '@x/run/workspace'
import { runToEnd } from '../child.mjs'

/** Installing and building all anew on a slow machine takes less. */
const BUILD_MS = 15 * 60_000
/** The working tree as it is, in the place of a commit. */
const WORKING_TREE = '.'

/**
 * @typedef {object} Version
 * @property {string} given as the user named it
 * @property {string} id of the commit, in short; `.` for the working tree
 * @property {string} subject
 */

/** @param {string} given @returns {Version} throws where there is no such commit */
export function findVersion(given) {
  if (given === WORKING_TREE) return { given, id: WORKING_TREE, subject: 'the working tree' }
  const { status, stdout } = spawnSync(
    'git',
    ['log', '-1', '--format=%h %s', '--end-of-options', given, '--'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  if (status !== 0 || stdout === '') throw new RangeError(`no commit "${given}"; "." is the working tree`)
  const [id = '', ...words] = stdout.trim().split(' ')
  return { given, id, subject: words.join(' ') }
}

/**
 * Builds a version, and answers the environment in which the servers of the bench run on it.
 *
 * @param {Version} version
 * @param {(text: string) => void} say
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function build(version, say) {
  const folder = version.id === WORKING_TREE ? root : addWorktree(version.id)
  const env = await workspaceEnvironment()
  const run = (/** @type {string[]} */ command) =>
    runToEnd(null, command, { cwd: folder, env, leadsGroup: true, deadlineMs: BUILD_MS })
  if (folder !== root) {
    say(`${version.id}: installing`)
    const install = ['pnpm', 'install', '--frozen-lockfile', '--ignore-scripts']
    await run([...install, '--offline']).catch(() => run(install))
  }
  say(`${version.id}: building`)
  await run(['turbo', 'run', 'build', '--filter=@x/cluster...', '--output-logs=errors-only'])
  return { X_BENCH_NET: entryOf(folder, 'core'), X_BENCH_CLUSTER: entryOf(folder, 'cluster') }
}

/** @param {string} id of a commit */
function addWorktree(id) {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'x-bench-compare-')), 'x')
  process.on('exit', () => {
    rmSync(path.dirname(folder), { recursive: true, force: true })
    spawnSync('git', ['worktree', 'prune'], { cwd: root })
  })
  execFileSync('git', ['worktree', 'add', '--quiet', '--detach', folder, id], { cwd: root })
  return folder
}

/** The module that `import` takes of a package. @param {string} folder @param {string} name */
function entryOf(folder, name) {
  const at = path.join(folder, 'packages', name)
  const { exports } = JSON.parse(readFileSync(path.join(at, 'package.json'), 'utf8'))
  return pathToFileURL(path.join(at, exports['.'].import.default)).href
}
