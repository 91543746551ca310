// What `npx @x/core` says, and the other places that tell what runs and why.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

const core = path.resolve(import.meta.dirname, '../..')

function cli(words: string[], env: NodeJS.ProcessEnv = {}) {
  const { NODE_OPTIONS: _, X_NET_TRANSPORT: __, ...inherited } = process.env
  return spawnSync(process.execPath, [path.join(core, 'dist/cli.js'), ...words], {
    encoding: 'utf8',
    env: { ...inherited, ...env },
  })
}

describe('npx @x/core', () => {
  it('says what runs, where and why', () => {
    const { stdout, status } = cli([], { X_NET_TRANSPORT: 'portable' })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^package {5}@x\/core \d/m)
    expect(stdout).toMatch(/^runs on {5}Node \d+\.\d+\.\d+, \w+-\w+/m)
    expect(stdout).toMatch(/^transport {3}portable/m)
    expect(stdout).toMatch(/^not native {2}X_NET_TRANSPORT=portable$/m)
    expect(stdout).toMatch(/^what to do {2}Leave X_NET_TRANSPORT out/m)
  })

  it('answers as JSON, and refuses words that it does not know', () => {
    expect(JSON.parse(cli(['--json']).stdout)).toMatchObject({
      package: expect.stringContaining('@x/core'),
      transport: expect.stringMatching(/^(native|portable)$/),
    })
    expect(cli(['--jsn'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/--jsn\n.*--json/),
    })
    expect(cli(['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--json'),
    })
  })

  it('says that X_NET_TRANSPORT has a value that means nothing', () => {
    const { stdout, status } = cli([], { X_NET_TRANSPORT: 'natvie' })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^transport {3}none$/m)
    expect(stdout).toMatch(/^not native {2}.*X_NET_TRANSPORT.*'native' or 'portable'.*natvie/m)
    expect(stdout).toMatch(/^what to do {2}Set X_NET_TRANSPORT/m)
  })
})

describe('a report from a bundle', () => {
  it("names the bundle's folder, and not the program above it as the package", () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'x-report-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(path.join(folder, 'package.json'), '{ "name": "mine", "version": "7.0.0" }')
    const out = path.join(folder, 'out')
    cpSync(path.join(core, 'dist'), out, { recursive: true })
    const { NODE_OPTIONS: _, X_NET_TRANSPORT: __, ...env } = process.env
    const told = execFileSync(process.execPath, [path.join(out, 'cli.js'), '--json'], {
      encoding: 'utf8',
      env,
    })
    expect(JSON.parse(told)).toMatchObject({ package: '@x/core, in a bundle', folder: out })
  })
})

describe('a process on the portable transport', () => {
  const env = { ...process.env, NODE_OPTIONS: '', X_NET_TRANSPORT: 'portable' }
  const run = (program: string, more: NodeJS.ProcessEnv = {}) =>
    execFileSync(process.execPath, ['-e', program], { cwd: core, encoding: 'utf8', env: { ...env, ...more } })

  it('tells the reason in ERR_X_UNSUPPORTED', () => {
    const program = `
      const { selectTransport } = require('@x/core/transport')
      const { codedError } = require('@x/core/internal')
      try { throw codedError('ERR_X_UNSUPPORTED', selectTransport().transport.name, 'pidfd') }
      catch ({ message, reason }) { console.log(JSON.stringify({ message, reason })) }`
    expect(JSON.parse(run(program))).toEqual({
      message: expect.stringContaining('because the native one does not: X_NET_TRANSPORT=portable'),
      reason: 'X_NET_TRANSPORT=portable',
    })
  })

  it('tells it to NODE_DEBUG=net', () => {
    const program = `require('@x/core').createServer().listen(0).close()`
    const { stderr } = spawnSync(process.execPath, ['-e', program], {
      cwd: core,
      encoding: 'utf8',
      env: { ...env, NODE_DEBUG: 'net' },
    })
    expect(stderr).toContain('transport: portable, not native: X_NET_TRANSPORT=portable')
  })
})
