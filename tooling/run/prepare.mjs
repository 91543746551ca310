// From a fresh clone to a built workspace: install, build, and the line that says which transport runs. Shared by
// `npm start` and `npm test`.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { run } from './command.mjs'
import { workspaceEnvironment } from './pnpm.mjs'
import { transportLine } from './transport.mjs'
import { root } from './workspace.mjs'

/**
 * Installs and builds; throws where either fails, after showing why.
 * @param {string} [wanted]  the package that is needed, with those that it depends on; all where it is left out
 * @returns {Promise<NodeJS.ProcessEnv>} the environment to run the workspace's tools in
 */
export async function prepare(wanted) {
  const [major = 0] = process.versions.node.split('.').map(Number)
  if (major < 20) throw new Error(`Node ${process.versions.node} is too old: 20 or newer is needed`)
  const env = await workspaceEnvironment()
  await step('install', 'pnpm', ['install', '--prefer-offline'], env)
  // The compiler is an input of the build: a build made without one must not be taken for one made with it.
  env.X_TOOLCHAIN = toolchain(env)
  const filter = wanted === undefined ? [] : [`--filter=${wanted}...`]
  await step('build', 'turbo', ['run', 'build', '--output-logs=errors-only', ...filter], env)
  console.log(`${'transport'.padEnd(9)} ${transportLine(env)}`)
  return env
}

/** @param {string} name @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} env */
async function step(name, command, args, env) {
  const started = performance.now()
  const { ok } = await run(command, args, { cwd: root, env, quiet: true })
  if (!ok) throw new Error(`${name} failed: ${command} ${args.join(' ')}`)
  console.log(`${name.padEnd(9)} ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

/** @param {NodeJS.ProcessEnv} env */
function toolchain(env) {
  const compiler = env.CC ?? 'cc'
  const answer = spawnSync(compiler, ['--version'], { env, cwd: root, encoding: 'utf8' })
  const version = answer.status === 0 ? answer.stdout.split('\n', 1)[0] : 'none'
  return `${compiler}: ${version}; node ${process.versions.node}; ${path.basename(process.execPath)}`
}
