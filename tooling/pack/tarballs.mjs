// Packs the published packages and installs them as a user would, by npm from their tarballs. It runs none of their code.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { HANG_MS } from '@x/presets/hang-limit'
import { workspaceEnvironment } from '@x/run/pnpm'
import { workspacePackages } from '@x/run/workspace'

const exec = promisify(execFile)

/** The packages that are published, by what the workspace says. */
export const published = workspacePackages().filter(({ manifest }) => manifest.private !== true)

/** @typedef {Record<string, string>} Tarballs  package name to tarball */

/**
 * Packs every published package into a folder. They must be built.
 * @param {string} into
 * @returns {Promise<Tarballs>}
 */
export async function packAll(into) {
  const env = await workspaceEnvironment()
  /** @type {Tarballs} */
  const tarballs = {}
  for (const { folder, manifest } of published) {
    const { stdout } = await exec('pnpm', ['pack', '--json', '--pack-destination', into], {
      cwd: folder,
      env,
    })
    // Around the JSON stand the names of the scripts that pnpm runs.
    const [json = ''] = /^\{.*^\}/ms.exec(stdout) ?? []
    tarballs[manifest.name] = path.resolve(into, JSON.parse(json).filename)
  }
  return tarballs
}

/**
 * Installs all the tarballs into a new project, without running any script. `node` runs npm.
 * @param {string} project
 * @param {Tarballs} tarballs
 * @param {string} node
 */
export async function install(project, tarballs, node) {
  mkdirSync(project, { recursive: true })
  const dependencies = Object.fromEntries(
    Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]),
  )
  // The siblings of that version are on no registry yet: whoever asks for one gets its tarball.
  const overrides = Object.fromEntries(Object.keys(dependencies).map(name => [name, `$${name}`]))
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ private: true, dependencies, overrides }),
  )
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--no-update-notifier']
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` }
  await exec('npm', ['install', ...flags], { cwd: project, env })
}

/**
 * Runs a program in a project and answers what it printed.
 * @param {string} project
 * @param {string} node
 * @param {string} file      the program's name; `.mjs` or `.cjs` decides how it is loaded
 * @param {string} program
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function runProgram(project, node, file, program, env = {}) {
  writeFileSync(path.join(project, file), program)
  const { X_NET_TRANSPORT: _, ...inherited } = process.env
  const { stdout } = await exec(node, [file], {
    cwd: project,
    env: { ...inherited, ...env },
    timeout: HANG_MS,
  })
  return stdout
}
