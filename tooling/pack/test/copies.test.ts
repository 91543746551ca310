// Trees with several copies of a package: compatible ones run as one, others are told of.
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { HANG_MS } from '@x/presets/hang-limit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAll, published } from '../tarballs.mjs'

const exec = promisify(execFile)
const folder = mkdtempSync(path.join(tmpdir(), 'x-copies-'))
const flat = path.join(folder, 'flat')
let trees = 0

beforeAll(async () => {
  const tarballs = await packAll(folder)
  for (const [name, file] of Object.entries(tarballs)) {
    const into = path.join(flat, 'node_modules', name)
    mkdirSync(into, { recursive: true })
    execFileSync('tar', ['-xzf', file, '-C', into, '--strip-components=1'])
  }
  const testkit = published.find(one => one.manifest.name === '@x/testkit')!
  symlinkSync(
    path.join(testkit.folder, 'node_modules/@sinonjs'),
    path.join(flat, 'node_modules/@sinonjs'),
    'dir',
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A tree in which `user` has its own copy of `name`, and the versions are as told. */
function tree(name: string, user: string, versions: { outer: string; inner: string }): string {
  const top = path.join(folder, `tree-${trees++}`)
  cpSync(flat, top, { recursive: true, verbatimSymlinks: true })
  const outer = path.join(top, 'node_modules', name)
  const inner = path.join(top, 'node_modules', user, 'node_modules', name)
  cpSync(outer, inner, { recursive: true, verbatimSymlinks: true })
  for (const [copy, version] of [
    [outer, versions.outer],
    [inner, versions.inner],
  ] as const) {
    const file = path.join(copy, 'dist/copy.js')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/version: '[^']*'/, `version: '${version}'`))
  }
  return top
}

async function run(top: string, program: string, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(path.join(top, 'app.mjs'), program)
  return await exec(process.execPath, ['app.mjs'], {
    cwd: top,
    timeout: HANG_MS,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  })
}

/** `inner` is the copy of core that the package uses. */
const withInner = (user: string) => `
  import * as outer from '@x/core'
  import { createRequire } from 'node:module'
  const inner = createRequire(createRequire(import.meta.url).resolve('${user}'))('@x/core')
`

const twoWorkers = `
  import { createServer } from '@x/core'
  import cluster from '@x/cluster'
  if (cluster.isPrimary) {
    const ports = []
    cluster.on('listening', (_, { port }) => {
      ports.push(port)
      if (ports.length < 2) return
      console.log(ports[0] === ports[1] ? 'both listen' : 'apart')
      for (const worker of Object.values(cluster.workers)) worker.kill()
    })
    cluster.fork()
    cluster.fork()
  } else {
    createServer().listen(0, '127.0.0.1')
  }
`

const simulated = `
  import { connect, createServer } from '@x/core'
  import { simulate } from '@x/testkit'
  const report = await simulate({ seed: 1 }, async ({ host, clock }) => {
    host('server', () => void createServer(socket => socket.end('simulated')).listen(80))
    await clock.sleep(1)
    const client = host('client')
    const socket = client.run(() => connect(80, 'server'))
    return await new Promise((resolve, reject) => {
      socket.on('data', chunk => resolve(String(chunk))).on('error', reject)
    })
  })
  console.log(report.value)
`

describe('two copies of compatible versions', () => {
  const compatible = { outer: '1.2.0', inner: '1.1.5' }

  it('are one: classes, defaults and the transport', async () => {
    const top = tree('@x/core', '@x/ipc', compatible)
    const program = `${withInner('@x/ipc')}
      import { adoptStream } from '@x/core/internal'
      inner.setDefaultAutoSelectFamily(false)
      console.log(inner.Socket === outer.Socket, outer.getDefaultAutoSelectFamily())
      console.log(new inner.Server() instanceof outer.Server, typeof adoptStream)
    `
    expect(await run(top, program)).toEqual({ stdout: 'true false\ntrue function\n', stderr: '' })
  })

  it('let the workers of a cluster share a port', async () => {
    const top = tree('@x/core', '@x/cluster', compatible)
    expect(await run(top, twoWorkers)).toEqual({ stdout: 'both listen\n', stderr: '' })
  })

  it('are one where register has loaded the outer one before', async () => {
    const top = tree('@x/core', '@x/ipc', compatible)
    const program = `${withInner('@x/ipc')}
      import net from 'node:net'
      console.log(inner.Socket === outer.Socket, net.Socket === inner.Socket)
    `
    const env = { NODE_OPTIONS: '--require @x/core/register' }
    expect(await run(top, program, env)).toEqual({ stdout: 'true true\n', stderr: '' })
  })

  it('give a simulation its hosts', async () => {
    const top = tree('@x/core', '@x/testkit', compatible)
    expect(await run(top, simulated)).toEqual({ stdout: 'simulated\n', stderr: '' })
  })

  it.each(['@x/ipc', '@x/core'])('hold for %s below a package that uses it', async name => {
    const top = tree(name, '@x/cluster', compatible)
    expect(await run(top, twoWorkers)).toEqual({ stdout: 'both listen\n', stderr: '' })
  })

  it('tell where the newer one is served by the older', async () => {
    const top = tree('@x/core', '@x/ipc', { outer: '1.1.5', inner: '1.2.0' })
    const { stdout, stderr } = await run(
      top,
      `${withInner('@x/ipc')} console.log(inner.Socket === outer.Socket)`,
    )
    expect(stdout).toBe('true\n')
    expect(stderr).toMatch(/X_OLDER_COPY.*1\.2\.0.*1\.1\.5.*npm dedupe/s)
  })

  it('throw where the older one lacks what the newer has', async () => {
    const top = tree('@x/core', '@x/ipc', { outer: '1.1.5', inner: '1.2.0' })
    const file = path.join(top, 'node_modules/@x/ipc/node_modules/@x/core/dist/copy.js')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"index":[', '"index":["later",'))
    const failed = await run(top, withInner('@x/ipc')).catch(error => error)
    expect(failed.stderr).toMatch(/lacks 'later' of @x\/core 1\.2\.0.*ERR_X_OLDER_COPY/s)
  })
})

describe('two copies of incompatible versions', () => {
  it.each([
    { outer: '0.3.0', inner: '0.2.1' },
    { outer: '1.0.0', inner: '2.0.0' },
  ])('are told of at load, and stay apart ($outer, $inner)', async versions => {
    const top = tree('@x/core', '@x/ipc', versions)
    const { stdout, stderr } = await run(
      top,
      `${withInner('@x/ipc')} console.log(inner.Socket === outer.Socket)`,
    )
    expect(stdout).toBe('false\n')
    expect(stderr).toContain('X_INCOMPATIBLE_COPIES')
    expect(stderr).toContain(versions.outer)
    expect(stderr).toContain(versions.inner)
  })
})
