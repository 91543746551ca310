// `npm test`: installs, builds, checks types and style, runs every package's tests one after the other, and closes with
// one line of counts. It knows no package by name.
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { HANG_MS } from '../presets/hang-limit.mjs'
import { endOnInterrupt, run } from './command.mjs'
import { bringPrograms } from './debian.mjs'
import { prepare } from './prepare.mjs'
import { closing, outcomesOf, reportName } from './reports.mjs'
import { root, workspacePackages } from './workspace.mjs'

const minute = 60_000
const reports = path.join(root, '.reports')
/** @type {import('./reports.mjs').Outcome[]} */
const outcomes = []

endOnInterrupt()
try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  outcomes.push({ from: 'workspace', name: 'prepare', outcome: 'failed' })
}
const lines = closing(outcomes)
console.log(`\n${lines.join('\n')}`)
process.exitCode = outcomes.some(test => test.outcome === 'failed') ? 1 : 0

async function main() {
  const started = performance.now()
  rmSync(reports, { recursive: true, force: true })
  mkdirSync(reports, { recursive: true })
  const env = await prepare()
  await bringPrograms(env)

  const packages = workspacePackages()
  await check('style: biome', 'biome', ['check', '.'], env)
  for (const { manifest } of packages) {
    if (manifest.scripts?.types)
      await check(`types: ${manifest.name}`, 'pnpm', ['--filter', manifest.name, 'run', 'types'], env)
  }
  for (const { folder, manifest } of packages) {
    if (manifest.scripts?.test) await suite(manifest.name, folder, env)
  }
  // Last, since it reads the reports of the suites: the README may not claim more than they showed.
  await checks(env)
  console.log(`\nwhole run ${((performance.now() - started) / minute).toFixed(1)} min`)
}

/** @param {string} name @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} env */
async function check(name, command, args, env) {
  const { ok } = await run(command, args, { cwd: root, env, quiet: true, limitMs: HANG_MS })
  console.log(`${ok ? '✓' : '✗'} ${name}`)
  outcomes.push({ from: 'workspace', name, outcome: ok ? 'passed' : 'failed' })
}

/** @param {string} name @param {string} folder @param {NodeJS.ProcessEnv} env */
async function suite(name, folder, env) {
  console.log(`\n── ${name}`)
  const file = path.join(reports, reportName(name))
  const ended = await run('pnpm', ['run', '--silent', 'test'], {
    cwd: folder,
    env: { ...env, X_TEST_REPORT: file },
    limitMs: 3 * HANG_MS,
  })
  outcomes.push(...outcomesOf(name, file, ended))
}

/** @param {NodeJS.ProcessEnv} env */
async function checks(env) {
  console.log('\n── checks')
  const script = path.join(root, 'tooling/checks/all.mjs')
  const { output } = await run('node', [script, '--names'], { cwd: root, env, quiet: true })
  for (const name of output.split(/\s+/).filter(Boolean))
    await check(`check: ${name}`, 'node', [script, name], env)
}
