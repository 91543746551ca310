// `npm start` as a newcomer runs it: real npm, real demo, real Ctrl-C.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasProgram } from '../debian.mjs'
import { root } from '../workspace.mjs'

const hasCompiler = hasProgram(process.env['CC'] ?? 'cc')

function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-start-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What a fresh clone would hold. */
function freshCopy() {
  const folder = temporaryFolder()
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  })
  const names = listed.stdout.toString().split('\0').filter(Boolean)
  expect(names).toContain('package.json')
  for (const name of names)
    if (existsSync(path.join(root, name))) cpSync(path.join(root, name), path.join(folder, name))
  return folder
}

/** A PATH on which every program stands but the compilers. */
function pathWithoutCompiler() {
  const folder = path.join(temporaryFolder(), 'bin')
  mkdirSync(folder)
  for (const from of (process.env['PATH'] ?? '').split(path.delimiter)) {
    for (const name of existsSync(from) ? readdirSync(from) : []) {
      const isCompiler = /(^|-)(cc|c89|c99|gcc|g\+\+|c\+\+|clang|clang\+\+|tcc|zig)(-[\d.]+)?$/.test(name)
      if (!isCompiler && !existsSync(path.join(folder, name)))
        symlinkSync(path.join(from, name), path.join(folder, name))
    }
  }
  return folder
}

/** Runs `npm start` until it is ready, presses Ctrl-C and answers what it said and its exit code. */
async function startAndStop(cwd: string, environment: NodeJS.ProcessEnv) {
  const { CC: _, X_NET_TRANSPORT: __, X_TEST_REPORT: ___, ...env } = { ...process.env, ...environment }
  const args = ['start', '--', '--port', '0', '--path', path.join(temporaryFolder(), 'demo.sock')]
  const npm = spawn('npm', args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    if (npm.exitCode === null) process.kill(-npm.pid!, 'SIGTERM')
  })
  let said = ''
  const isReady = new Promise<boolean>(resolve => {
    for (const output of [npm.stdout, npm.stderr]) {
      output.setEncoding('utf8').on('data', text => {
        said += text
        if (/ready on/.test(said)) resolve(true)
      })
    }
  })
  const closed = once(npm, 'close')
  if (!(await Promise.race([isReady, closed.then(() => false)])))
    throw new Error(`npm start ended early:\n${said}`)
  const before = said.length
  process.kill(-npm.pid!, 'SIGINT')
  const [code] = await closed
  return { code, said, after: said.slice(before) }
}

describe('npm start', () => {
  it('starts the demo, says how to talk to it, and ends with 0 on Ctrl-C', async () => {
    const { code, said, after } = await startAndStop(root, {})
    expect(said).toMatch(hasCompiler ? /^transport native/m : /^transport portable, not native: \w/m)
    expect(said).toContain('redis-cli')
    expect(code).toBe(0)
    expect(after.match(/SIGINT/g)).toHaveLength(1)
    expect(after).not.toMatch(/npm|pnpm|turbo|ELIFECYCLE/i)
  })

  it('works on a fresh clone without a C compiler, on portable', async () => {
    const { code, said } = await startAndStop(freshCopy(), { PATH: pathWithoutCompiler() })
    expect(said).toMatch(/^transport portable, not native: \w/m)
    expect(code).toBe(0)
  })
})
