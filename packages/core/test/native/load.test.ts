// How the native transport is found and loaded, and each reason why it is not. Every case is a copy of the built package
// in a folder of its own.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
// @ts-expect-error the build script is plain JavaScript
import { headers, target } from '../../native/build.mjs'
import { cutOff } from '../../src/transport/native/elf'
import { absent, after, temporaryFolder } from './bed'

const core = path.join(__dirname, '..', '..')
const binary = path.join('prebuilds', target(), 'x_net.node')

function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0
}

function copy(more: { binary: boolean; native?: boolean }): string {
  const folder = temporaryFolder()
  cpSync(path.join(core, 'dist'), path.join(folder, 'dist'), { recursive: true })
  cpSync(path.join(core, 'package.json'), path.join(folder, 'package.json'))
  if (more.binary) cpSync(path.join(core, binary), path.join(folder, binary), { recursive: true })
  if (more.native) cpSync(path.join(core, 'native'), path.join(folder, 'native'), { recursive: true })
  return folder
}

/** What `loadNative` answers in a process of its own: its reason, or `native`, and its advice. */
function outcome(folder: string, prelude = '', flags: readonly string[] = []) {
  const script = `${prelude}
    const { loadNative } = require(${JSON.stringify(path.join(folder, 'dist', 'transport.js'))})
    const { transport, reason, advice } = loadNative()
    if (loadNative().transport !== transport) throw new Error('not remembered')
    console.log(JSON.stringify({ says: transport ? transport.name : reason, advice }))`
  const answer = execFileSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8' })
  return JSON.parse(answer) as { says: string; advice?: string | null }
}

function load(folder: string, prelude = ''): string {
  return outcome(folder, prelude).says
}

/** Runs the build script of a copy; what it prints. */
function build(folder: string, env: Record<string, string> = {}): string {
  const script = path.join(folder, 'native', 'build.mjs')
  return execFileSync(process.execPath, [script], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  }).trim()
}

describe.skipIf(absent !== null)('native transport, loading', () => {
  it('finds its binary beside dist/', () => {
    expect(load(copy({ binary: true }))).toBe('native')
  })

  it('says which platform has no binary', () => {
    const none = `no binary for ${process.platform}-${process.arch}`
    expect(load(copy({ binary: false }))).toBe(none)
  })

  it('leaves macOS portable unless the engine is asked for, since it was never run there', () => {
    const pretend = `Object.defineProperty(process, 'platform', { value: 'darwin' })`
    const folder = copy({ binary: true })
    cpSync(
      path.join(folder, binary),
      path.join(folder, binary.replace(`${process.platform}-`, 'darwin-').replace('-musl', '')),
    )
    expect(load(folder, pretend)).toBe('the engine was never run on macOS; X_NET_TRANSPORT=native takes it')
    expect(load(folder, `${pretend}; process.env.X_NET_TRANSPORT = 'native'`)).toBe('native')
  })

  it('says why a broken binary does not load, in one line', () => {
    const folder = copy({ binary: true })
    writeFileSync(path.join(folder, binary), 'not a library')
    const reason = load(folder)
    expect(reason).toMatch(/^the binary does not load \(.+\)$/)
    expect(reason).not.toContain('\n')
  })

  const isLinux = process.platform === 'linux'
  it.skipIf(!isLinux)('says that a binary is cut off, wherever it ends (ELF: Linux only)', () => {
    const folder = copy({ binary: true })
    const file = path.join(folder, binary)
    expect(cutOff(file)).toBeNull()
    const cut = path.join(folder, 'cut.node')
    cpSync(file, cut)
    truncateSync(cut, 1 << 12)
    const whole = cutOff(cut)?.needed ?? 0
    for (const bytes of [whole - 1, whole >> 1, 1 << 12]) {
      truncateSync(file, bytes)
      expect(outcome(folder)).toEqual({
        says: `the binary is cut off: ${file} has ${bytes} of at least ${whole} bytes`,
        advice: 'Install @x/core again.',
      })
    }
    for (const bytes of [100, 64, 20, 0]) {
      truncateSync(file, bytes)
      expect(load(folder)).toMatch(/^the binary does not load \(.+\)$/)
    }
  })

  it('says what to do where the host loads no addons', () => {
    expect(outcome(copy({ binary: true }), '', ['--no-addons'])).toEqual({
      says: expect.stringContaining('does not load'),
      advice: 'Start node without --no-addons, or, with --permission, with --allow-addons.',
    })
  })

  it.each([
    ['cannot open shared object file: Permission denied', 'Let this user read the file.'],
    [
      'failed to map segment from shared object',
      'Install the package on a file system that is not mounted noexec.',
    ],
    [`version 'GLIBC_2.99' not found`, expect.stringMatching(/^Compile it for this system: /)],
  ])('says what to do where the loader says: %s', (text, advice) => {
    const refuse = `process.dlopen = () => { throw new Error(${JSON.stringify(`x_net.node: ${text}`)}) }`
    expect(outcome(copy({ binary: true }), refuse)).toEqual({
      says: `the binary does not load (x_net.node: ${text})`,
      advice,
    })
  })

  it('says what to do in a bundle, which has nothing to compile', () => {
    const folder = copy({ binary: false })
    expect(outcome(folder).advice).toContain(`Copy the folder "prebuilds" of @x/core to ${folder}`)
    expect(outcome(copy({ binary: false, native: true })).advice).toMatch(/^Compile it here: .*build\.mjs"$/)
  })

  it("leaves the network to node:net, which asks, where Node's permission model denies it", () => {
    const under = (scopes: readonly string[], flags = ['--allow-net']) => `
      Object.defineProperty(process, 'permission', { value: { has: scope => ${JSON.stringify(scopes)}.includes(scope) } })
      Object.defineProperty(process, 'allowedNodeEnvironmentFlags', { value: new Set(${JSON.stringify(flags)}) })`
    const folder = copy({ binary: true })
    expect(outcome(folder, under([]))).toEqual({
      says: 'the permission model allows no network',
      advice: 'Start node with --allow-net too.',
    })
    expect(load(folder, under(['net']))).toBe('native')
    // That of Node 20, 22 and 24 does not know of networks.
    expect(load(folder, under([], []))).toBe('native')
  })

  it.each(['bun', 'deno'])('stays away from %s before it touches the binary', host => {
    const folder = copy({ binary: true })
    const pretend = `Object.defineProperty(process.versions, '${host}', { value: '1.0.0' });
      process.dlopen = () => { throw new Error('touched') }`
    expect(load(folder, pretend)).toBe(`${host} has no libuv event loop for addons`)
  })

  it('loads once for each thread, with a state of its own', () => {
    const script = `
      const { Worker, isMainThread } = require('node:worker_threads')
      const { loadNative } = require(${JSON.stringify(path.join(core, 'dist', 'transport.js'))})
      if (loadNative().transport.stream('tcp').fd !== -1) throw new Error('a descriptor')
      if (isMainThread) new Worker(process.argv[1]).on('exit', code => console.log('worker', code))`
    const file = path.join(temporaryFolder(), 'threads.cjs')
    writeFileSync(file, script)
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' }).trim()).toBe('worker 0')
  })
})

describe('native transport, building', () => {
  it('builds once, and does nothing where nothing changed', () => {
    const folder = copy({ binary: false, native: true })
    expect(build(folder)).toBe(`native transport: built for ${target()}`)
    const built = statSync(path.join(folder, binary)).mtimeMs
    expect(build(folder)).toBe('')
    expect(statSync(path.join(folder, binary)).mtimeMs).toBe(built)
    expect(load(folder)).toBe('native')
    writeFileSync(path.join(folder, 'native', 'src', 'x-net.h'), '\n', { flag: 'a' })
    expect(build(folder)).toContain('built for')
  })

  it('says in one line that there is no compiler, and succeeds without one', () => {
    const folder = copy({ binary: false, native: true })
    const text = 'native transport: not built, no C compiler (no-such-cc: ENOENT); the portable one serves'
    expect(build(folder, { CC: 'no-such-cc' })).toBe(text)
    expect(load(folder)).toMatch(/^no binary for /)
  })

  it('takes away a binary that its sources no longer build', () => {
    const folder = copy({ binary: true, native: true })
    writeFileSync(path.join(folder, 'native', 'src', 'broken.c'), '#error on purpose\n')
    expect(build(folder)).toBe(
      'native transport: not built, cc failed (1; X_NATIVE_VERBOSE=1 shows how); the portable one serves',
    )
    expect(load(folder)).toMatch(/^no binary for /)
    expect(readdirSync(path.dirname(path.join(folder, binary)))).toEqual([])
  })

  const cross = 'aarch64-linux-gnu-gcc'
  const foreign = target() === 'linux-x64' && hasProgram(cross)
  it.skipIf(!foreign)(`names a binary by what was built (skipped without ${cross})`, () => {
    const folder = copy({ binary: false, native: true })
    expect(build(folder, { CC: cross })).toContain('built for linux-arm64, which is not this machine')
    expect(readdirSync(path.join(folder, 'prebuilds'))).toEqual(['linux-arm64'])
    expect(load(folder)).toMatch(/^no binary for /)
  })

  it('keeps a binary from publishing that is missing, old or in the wrong place', () => {
    const folder = copy({ binary: false, native: true })
    const publish = () =>
      spawnSync(process.execPath, [path.join(folder, 'native/released.mjs')], { encoding: 'utf8' })
    expect(publish()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('linux-x64: it is missing'),
    })
    build(folder)
    cpSync(path.join(folder, binary), path.join(folder, 'prebuilds/darwin-arm64/x_net.node'))
    writeFileSync(path.join(folder, 'native/src/x-net.h'), '\n', { flag: 'a' })
    const { stderr } = publish()
    expect(stderr).toContain(`darwin-arm64: it was built for ${target()}`)
    expect(stderr).toContain(`${target()}: it was made of other sources`)
  })

  it('takes the headers that it is told to, where they are there', () => {
    const found = headers()
    const elsewhere = temporaryFolder()
    const before = process.env['X_NODE_HEADERS']
    after(() => {
      if (before === undefined) delete process.env['X_NODE_HEADERS']
      else process.env['X_NODE_HEADERS'] = before
    })
    process.env['X_NODE_HEADERS'] = elsewhere
    expect(headers()).toBe(found)
    for (const name of ['node_api.h', 'uv.h']) writeFileSync(path.join(elsewhere, name), '')
    expect(headers()).toBe(elsewhere)
  })
})
