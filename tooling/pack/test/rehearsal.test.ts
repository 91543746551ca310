// The short form of `pnpm release:rehearse`: what is packed is published to a registry on loopback, and a user installs it
// from there by the line of a README.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { startRegistry } from '../rehearsal/registry.mjs'
import { copiesOf, install, runReadme, toInstall } from '../rehearsal/users.mjs'
import { packAll, published } from '../tarballs.mjs'

const exec = promisify(execFile)

it('publishes the packages, and a user of @x/cluster installs them by its README', async context => {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-short-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const registry = await startRegistry(path.join(folder, 'registry')).catch(() => null)
  if (registry === null) return context.skip('npm cannot bring the registry that is run on loopback')
  onTestFinished(() => registry.stop())
  const tarballs = await packAll(folder)
  const env = { ...process.env, ...registry.env }
  await Promise.all(
    Object.values(tarballs).map(file => exec('npm', ['publish', file, '--access', 'public'], { env })),
  )
  const cluster = published.find(one => one.manifest.name === '@x/cluster')!
  const project = path.join(folder, 'project')
  await install(project, 'npm', toInstall(cluster.folder), registry.env)
  await runReadme(project, cluster.folder)
  expect(copiesOf(project, '@x/core')).toHaveLength(1)
})
