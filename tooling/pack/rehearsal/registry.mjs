// A private registry on loopback: what is published there stays there, and the rest comes from the registry that npm
// uses here. It knows no package.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '@x/presets/free-port'
import { bring } from '@x/run/npm-cache'

/** @typedef {{ env: NodeJS.ProcessEnv, stop(): Promise<void> }} Registry */

/**
 * Starts it with its files in a folder. `env` has npm, pnpm and yarn use it, with caches of their own.
 * @param {string} folder
 * @returns {Promise<Registry>}
 */
export async function startRegistry(folder) {
  mkdirSync(folder, { recursive: true })
  // The override: its node-fetch 2.6 asks for a package that no longer installs.
  const verdaccio = await bring('verdaccio-6.1.6', 'verdaccio@6.1.6', { 'node-fetch': '2.7.0' })
  const { stdout } = await promisify(execFile)('npm', ['config', 'get', 'registry'])
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(configuration(folder, stdout.trim())))
  const words = [path.join(verdaccio, 'bin/verdaccio'), '-c', 'config.json', '-l', `127.0.0.1:${port}`]
  const child = spawn(process.execPath, words, { cwd: folder, stdio: 'ignore' })
  await answering(url, child)
  writeFileSync(path.join(folder, 'npmrc'), `registry=${url}\n//127.0.0.1:${port}/:_authToken=rehearsal\n`)
  return {
    env: {
      npm_config_registry: url,
      NPM_CONFIG_USERCONFIG: path.join(folder, 'npmrc'),
      npm_config_userconfig: path.join(folder, 'npmrc'),
      npm_config_cache: path.join(folder, 'npm-cache'),
      npm_config_store_dir: path.join(folder, 'pnpm-store'),
      npm_config_cache_dir: path.join(folder, 'pnpm-cache'),
      YARN_REGISTRY: url,
      YARN_CACHE_FOLDER: path.join(folder, 'yarn-cache'),
      // Nothing of a workspace above.
      npm_config_workspaces: undefined,
    },
    async stop() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** @param {string} folder @param {string} above */
function configuration(folder, above) {
  return {
    storage: path.join(folder, 'storage'),
    uplinks: { above: { url: above, maxage: '1h', timeout: '60s' } },
    packages: {
      '@x/*': { access: '$all', publish: '$all', unpublish: '$all' },
      '**': { access: '$all', proxy: 'above' },
    },
    auth: { htpasswd: { file: path.join(folder, 'htpasswd') } },
    log: { type: 'stdout', level: 'error' },
    max_body_size: '50mb',
  }
}

/** @param {string} url @param {import('node:child_process').ChildProcess} child */
async function answering(url, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the registry ended with ${child.exitCode}`)
    const isThere = await fetch(`${url}-/ping`).then(
      answer => answer.ok,
      () => false,
    )
    if (isThere) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
