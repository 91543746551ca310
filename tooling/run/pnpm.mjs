// Brings the pnpm that package.json names, by npm alone, and the environment in which the workspace's tools run.
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { run } from './command.mjs'
import { readJson, root } from './workspace.mjs'

/** No tool of ours reports to anybody, asks questions or advertises a newer version. */
const silent = {
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  NO_UPDATE_NOTIFIER: '1',
  npm_config_update_notifier: 'false',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
}

/**
 * An environment whose PATH begins with this Node, pnpm and the root's tools.
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function workspaceEnvironment() {
  const { packageManager } = readJson(path.join(root, 'package.json'))
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, ...silent }
  // What `npm start` tells its script of itself is not for the tools.
  for (const name of Object.keys(env)) if (/^npm_(package|lifecycle)_/.test(name)) delete env[name]
  const own = ownNodeFirst(env.PATH ?? '')
  env.PATH = own

  const found = await run('npx', ['-y', `--package=${packageManager}`, '-c', 'node -p "process.env.PATH"'], {
    cwd: root,
    env,
    quiet: true,
  })
  if (!found.ok)
    throw new Error(`${packageManager} could not be brought by npx; is the npm registry within reach?`)
  const folders = found.output.trim().split('\n').at(-1)?.split(path.delimiter) ?? []
  const home = folders.find(
    folder => existsSync(path.join(folder, 'pnpm')) || existsSync(path.join(folder, 'pnpm.cmd')),
  )
  if (home === undefined) throw new Error(`npx brought ${packageManager}, but no folder of its PATH holds it`)
  env.PATH = [home, path.join(root, 'node_modules/.bin'), own].join(path.delimiter)
  return env
}

/** The PATH with the running Node first, where its `node` is another one. @param {string} searched */
function ownNodeFirst(searched) {
  const binary = process.platform === 'win32' ? 'node.exe' : 'node'
  const first = searched
    .split(path.delimiter)
    .map(folder => path.join(folder, binary))
    .find(file => existsSync(file))
  if (first !== undefined && realpathSync(first) === realpathSync(process.execPath)) return searched
  return [path.dirname(process.execPath), searched].join(path.delimiter)
}
