// A copy of the repository as it is committed, in which a maintainer's commands are run: versions, build, publish.
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { workspaceEnvironment } from '@x/run/pnpm'
import { root, workspacePackages } from '@x/run/workspace'

const exec = promisify(execFile)

/** @typedef {Record<string, string>} Versions  package to version */

export class Workspace {
  /** @param {string} folder @param {NodeJS.ProcessEnv} env */
  constructor(folder, env) {
    this.folder = folder
    this.env = env
  }

  /** Clones, installs, builds, and brings or makes the prebuilt engines. @param {string} folder @param {NodeJS.ProcessEnv} registry */
  static async make(folder, registry) {
    execFileSync('git', ['clone', '-q', '--no-hardlinks', root, folder])
    const env = { ...(await workspaceEnvironment()), CI: 'true' }
    const workspace = new Workspace(folder, env)
    await workspace.run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'])
    const prebuilds = path.join(root, 'packages/core/prebuilds')
    if (existsSync(prebuilds))
      cpSync(prebuilds, path.join(folder, 'packages/core/prebuilds'), { recursive: true })
    const check = [path.join(folder, 'packages/core/native/released.mjs')]
    const isFit = await workspace.run('node', check).then(
      () => true,
      () => false,
    )
    await workspace.build()
    if (!isFit) await workspace.run('pnpm', ['engines'])
    // From here on everything is asked of the rehearsal's registry.
    workspace.env = { ...env, ...registry }
    return workspace
  }

  /** @param {string} command @param {readonly string[]} words */
  async run(command, words) {
    try {
      return (await exec(command, words, { cwd: this.folder, env: this.env, maxBuffer: 32 << 20 })).stdout
    } catch (error) {
      const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
      throw new Error(`${command} ${words.join(' ')} failed:\n${stdout.slice(-4000)}${stderr.slice(-4000)}`)
    }
  }

  build() {
    return this.run('turbo', ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only'])
  }

  /** Writes a changeset. @param {Record<string, 'patch' | 'minor' | 'major'>} changes @param {string} text */
  change(changes, text) {
    const front = Object.entries(changes).map(([name, kind]) => `'${name}': ${kind}`)
    const file = path.join(this.folder, '.changeset', `rehearsed-${Date.now()}.md`)
    writeFileSync(file, `---\n${front.join('\n')}\n---\n\n${text}\n`)
  }

  /** Turns the changesets into versions, builds and publishes; answers what moved, and the tags. */
  async release() {
    const before = this.versions()
    await this.run('changeset', ['version'])
    this.#commit('release')
    await this.build()
    await this.run('changeset', ['publish'])
    const moved = Object.fromEntries(
      Object.entries(this.versions()).filter(([name, to]) => before[name] !== to),
    )
    const tags = (await this.run('git', ['tag', '--points-at', 'HEAD'])).trim().split('\n').sort()
    return { moved, tags }
  }

  /** @returns {Versions} */
  versions() {
    const packages = workspacePackages(this.folder).filter(({ manifest }) => manifest.private !== true)
    return Object.fromEntries(
      packages.map(({ manifest }) => [
        manifest.name,
        /** @type {{ version?: string }} */ (manifest).version ?? '',
      ]),
    )
  }

  /** The changelog of a package. @param {string} name */
  changelog(name) {
    const folder = path.join(this.folder, 'packages', name.replace('@x/', ''))
    return readdirSync(folder).includes('CHANGELOG.md') ? path.join(folder, 'CHANGELOG.md') : null
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** @param {string} message */
  #commit(message) {
    const who = [
      '-c',
      'user.name=rehearsal',
      '-c',
      'user.email=rehearsal@localhost',
      '-c',
      'commit.gpgsign=false',
    ]
    execFileSync('git', [...who, 'add', '-A'], { cwd: this.folder })
    execFileSync('git', [...who, 'commit', '-qm', message], { cwd: this.folder })
  }
}
