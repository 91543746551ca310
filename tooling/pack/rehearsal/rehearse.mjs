// Rehearses a release: everything that a maintainer does and what users then get, on a registry of its own. Nothing leaves
// this machine.
//   pnpm release:rehearse           some six minutes of processor time; it takes what is committed
//   pnpm release:rehearse --serve   publishes, and then keeps the registry up until Ctrl-C, to try the packages by hand
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { root } from '@x/run/workspace'
import { complaints, filesIn, strayFiles } from '../contents.mjs'
import { published } from '../tarballs.mjs'
import { startRegistry } from './registry.mjs'
import { compileUse, copiesOf, install, managers, packed, runReadme, toInstall } from './users.mjs'
import { Workspace } from './workspace.mjs'

const folder = mkdtempSync(path.join(tmpdir(), 'x-rehearsal-'))
const names = published.map(({ manifest }) => manifest.name)
const all = (/** @type {string} */ version) => Object.fromEntries(names.map(name => [name, version]))
const started = performance.now()

/** @param {string} text */
function say(text) {
  console.log(`${`${Math.round((performance.now() - started) / 1000)} s`.padStart(6)}  ${text}`)
}

const registry = await startRegistry(path.join(folder, 'registry'))
try {
  say('a registry on loopback')
  const workspace = await Workspace.make(path.join(folder, 'workspace'), registry.env)
  say('a clone, installed and built, with the engines of all systems')
  await releases(workspace)
  if (process.argv.includes('--serve')) await serve()
  else await users()
  say('done')
} finally {
  await registry.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** The first release, a patch of core, a change of core that breaks. @param {Workspace} workspace */
async function releases(workspace) {
  const isFirst = workspace.versions()['@x/core'] === '0.0.0'
  const first = await workspace.release()
  if (isFirst) assert.deepEqual(first.moved, all('0.1.0'))
  assert.deepEqual(first.tags, names.map(name => `${name}@${workspace.versions()[name]}`).sort())
  say(`released: ${first.tags.join(', ')}`)

  workspace.change({ '@x/core': 'patch' }, 'A patch of core.')
  const patch = await workspace.release()
  assert.deepEqual(Object.keys(patch.moved), ['@x/core'])
  assert.match(readFileSync(workspace.changelog('@x/core') ?? '', 'utf8'), /A patch of core\./)
  say(`a patch of core released: ${patch.tags.join(', ')}`)

  await upgrade('a user of the first release, after the patch', ['^0.1.0', '0.1.1'], isFirst)

  workspace.change({ '@x/core': 'minor' }, 'A change of core that breaks.')
  const minor = await workspace.release()
  assert.deepEqual(Object.keys(minor.moved).sort(), [...names].sort())
  say(`a breaking change of core released: ${minor.tags.join(', ')}`)

  await upgrade('a user who stays with the old line', ['^0.1.0', '0.1.1'], isFirst)
  await upgrade('a user of the new line', ['^0.2.0', '0.2.0'], isFirst)
}

/** Whoever asks for one range of all four has one core. @param {string} who @param {[string, string]} versions @param {boolean} isFirst */
async function upgrade(who, [range, core], isFirst) {
  if (!isFirst) return
  for (const manager of managers) {
    const project = path.join(folder, `${manager}-${who.replaceAll(/\W+/g, '-')}`)
    await install(
      project,
      manager,
      names.map(name => `${name}@${range}`),
      registry.env,
    )
    const copies = copiesOf(project, '@x/core')
    assert.equal(copies.length, 1, `${who} with ${manager} has ${copies.join(' and ')}`)
    const { version } = JSON.parse(readFileSync(path.join(copies[0] ?? '', 'package.json'), 'utf8'))
    assert.equal(version, core)
  }
  say(`${who} has one core, ${core}, with ${managers.join(', ')}`)
}

async function serve() {
  say('the registry stays up until Ctrl-C; in another shell:')
  for (const [name, value] of Object.entries(registry.env))
    console.log(value === undefined ? `unset ${name}` : `export ${name}=${value}`)
  // Without something open the process would end here.
  const open = setInterval(() => {}, 1 << 30)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  clearInterval(open)
}

async function users() {
  for (const { folder: here, manifest } of published) {
    // As it was cloned: this checkout may have changed since.
    const source = path.join(folder, 'workspace', path.relative(root, here))
    for (const manager of managers) {
      const project = path.join(folder, `${manager}-${manifest.name.replace('@x/', '')}`)
      await install(project, manager, toInstall(source), registry.env)
      await runReadme(project, source)
      assert.equal(copiesOf(project, '@x/core').length, 1)
    }
    // Some entries are for users of an optional peer, and name its types.
    const { peerDependencies = {} } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'))
    const peers = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range}`)
    const typed = path.join(folder, `typed-${manifest.name.replace('@x/', '')}`)
    await install(typed, 'npm', [...toInstall(source), ...peers], registry.env)
    await compileUse(typed, manifest.name, source)
    const tarball = await packed(typed, manifest.name, registry.env)
    const { exports } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'))
    assert.deepEqual(strayFiles({ name: manifest.name, exports }, await filesIn(tarball)), [])
    assert.equal(await complaints(tarball), '')
    say(`${manifest.name} installs with ${managers.join(', ')}, runs its example and compiles;`)
    say(`  its tarball has the files that it needs, publint and attw are content`)
  }
}
