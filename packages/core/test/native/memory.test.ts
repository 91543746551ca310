// The addon under AddressSanitizer, UndefinedBehaviorSanitizer and valgrind: a build of its own in a temporary package,
// worked by the fuzz program, by threads that end, by wrong arguments and by calls that fail. Leaks count; what the host leaks is in suppressions/, each entry
// with its reason. Both checks are checked themselves, on a copy of the sources with a fault planted.
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// @ts-expect-error the build script is plain JavaScript
import { compile, target } from '../../native/build.mjs'
import { errno, UV_ETOOMANYREFS } from '../../src/transport'

const core = path.join(__dirname, '..', '..')
const suppressions = path.join(__dirname, 'suppressions')
const MEMORY_ERROR = 99

function output(command: string, ...args: string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return null
  }
}

const compiler = process.env['CC'] || 'cc'
const runtime = output(compiler, '-print-file-name=libasan.so')
const noCompiler = runtime === null ? `no C compiler (${compiler})` : null
const noSanitizer =
  noCompiler ?? (existsSync(runtime!) ? null : `${compiler} brings no AddressSanitizer runtime`)
const noValgrind = noCompiler ?? (output('valgrind', '--version') === null ? 'no valgrind' : null)
for (const reason of new Set([noSanitizer, noValgrind]))
  if (reason) console.log(`memory checks skipped: ${reason}`)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'x-memory-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A package like ours with an addon of its own; its folder. */
function packageWith(name: string, flags: string[], from?: string): string {
  const root = path.join(folder, name)
  const file = path.join(root, 'prebuilds', target(), 'x_net.node')
  expect(
    compile({ output: file, flags: ['-g', '-O1', '-fno-omit-frame-pointer', '-Werror', ...flags], from }),
  ).toBe(null)
  cpSync(path.join(core, 'dist'), path.join(root, 'dist'), { recursive: true })
  return root
}

/** Our sources with what makes their calls fail, and the flags that they are compiled with. */
function injectedSources(): { from: string; flags: string[] } {
  const from = path.join(folder, 'injected-src')
  cpSync(path.join(core, 'native', 'src'), from, { recursive: true })
  cpSync(path.join(__dirname, 'injection'), from, { recursive: true })
  return { from, flags: ['-include', path.join(from, 'inject.h')] }
}

/** Our sources with one function that writes a byte behind the memory that it allocated. */
function plantedSources(): string {
  const from = path.join(folder, 'planted-src')
  cpSync(path.join(core, 'native', 'src'), from, { recursive: true })
  const file = path.join(from, 'descriptors.c')
  const source = readFileSync(file, 'utf8')
  const planted = source
    .replace('#include <unistd.h>', '#include <unistd.h>\n#include <stdlib.h>')
    .replace(
      '  int pair[2], type = SOCK_STREAM;\n',
      '  int pair[2], type = SOCK_STREAM;\n  volatile char *short_one = malloc(16);\n  short_one[16] = 1;\n  free((void *)short_one);\n',
    )
  expect(planted).toContain('short_one')
  expect(planted).toContain('stdlib.h')
  writeFileSync(file, planted)
  return from
}

const sanitized = ['-fsanitize=address,undefined']

interface Outcome {
  readonly code: number
  readonly output: string
}

function run(command: string, args: string[], env: Record<string, string>): Promise<Outcome> {
  return new Promise(resolve => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 26 }
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
        output: stdout + stderr,
      })
    })
  })
}

const program = (name: string) => path.join(__dirname, 'programs', name)

function underSanitizers(
  root: string,
  descriptors: number,
  args: string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const command = ['-c', `ulimit -n ${descriptors}; LD_PRELOAD=${runtime} exec "$0" "$@"`, process.execPath]
  return run('/bin/sh', [...command, ...args], {
    X_TEST_PACKAGE: root,
    X_FUZZ_HOARD: '1',
    ...env,
    ASAN_OPTIONS: `exitcode=${MEMORY_ERROR}:detect_leaks=1`,
    LSAN_OPTIONS: `suppressions=${path.join(suppressions, 'lsan.txt')}:print_suppressions=0`,
    UBSAN_OPTIONS: `halt_on_error=1:exitcode=${MEMORY_ERROR}:print_stacktrace=1`,
  })
}

function underValgrind(root: string, args: string[]): Promise<Outcome> {
  const checks = ['--leak-check=full', '--show-leak-kinds=definite', '--errors-for-leak-kinds=definite']
  const file = `--suppressions=${path.join(suppressions, 'valgrind.txt')}`
  const valgrind = [`--error-exitcode=${MEMORY_ERROR}`, '-q', file, ...checks, process.execPath, '--jitless']
  return run('valgrind', [...valgrind, ...args], { X_TEST_PACKAGE: root })
}

describe.skipIf(noSanitizer !== null)('addon under AddressSanitizer', () => {
  let root = ''
  beforeAll(() => {
    root = packageWith('sanitized', sanitized)
  })

  for (const seed of [1, 2, 3]) {
    it(`makes no invalid access and leaks nothing in random operations with faults, seed ${seed}`, async () => {
      const { code, output } = await underSanitizers(root, 300, [program('fuzz.cjs'), String(seed), '300'])
      expect(code, output).toBe(0)
    })
  }

  it('makes no invalid access and leaks nothing where worker threads end with live handles', async () => {
    const { code, output } = await underSanitizers(root, 4096, [program('worker-end.cjs')])
    expect(code, output).toBe(0)
  })

  it('makes no invalid access and leaks nothing where it is called with wrong arguments', async () => {
    const { code, output } = await underSanitizers(root, 4096, [program('wrong-arguments.cjs')])
    expect(code, output).toBe(0)
  })

  it('finds a fault that is planted', async () => {
    const planted = packageWith('sanitized-planted', sanitized, plantedSources())
    const { code, output } = await underSanitizers(planted, 4096, [program('pair.cjs')])
    // Whichever of the two sees it first.
    expect(output).toMatch(/heap-buffer-overflow|insufficient space/)
    expect(code).toBe(MEMORY_ERROR)
  })
})

describe.skipIf(noSanitizer !== null)(
  'addon under AddressSanitizer, each call that may fail failed once',
  () => {
    let root = ''
    beforeAll(() => {
      const { from, flags } = injectedSources()
      root = packageWith('injected', [...sanitized, ...flags], from)
    })

    it('answers every operation, makes no invalid access and leaves nothing behind', async () => {
      // Each round fails the next call; the sweep through all of them is `node faults.cjs`, by hand.
      const { code, output } = await underSanitizers(root, 4096, [program('faults.cjs'), '1', '9999', '7'])
      expect(code, output).toBe(0)
      const counts = JSON.parse(output)
      const rounds = Object.values(counts).reduce<number>((sum, count) => sum + Number(count), 0)
      expect(rounds).toBeGreaterThan(100)
    })

    it('loads and is set up, or says that it cannot', async () => {
      const { code, output } = await underSanitizers(root, 4096, [program('load-faults.cjs')])
      expect(code, output).toBe(0)
      for (const failed of [
        'calloc thrown',
        'napi_set_instance_data thrown',
        'napi_create_reference refused',
      ]) {
        expect(JSON.parse(output)).toContain(failed)
      }
    })

    for (const seed of [11, 12]) {
      it(`keeps the laws in random operations with calls that fail, seed ${seed}`, async () => {
        const { code, output } = await underSanitizers(
          root,
          300,
          [program('fuzz.cjs'), String(seed), '300'],
          {
            X_FUZZ_INJECT: '1',
          },
        )
        expect(code, output).toBe(0)
      })
    }

    it('accepts every client where accept fails in any way, and tells shortages alone', async () => {
      const { code, output } = await underSanitizers(root, 4096, [program('accept-faults.cjs')])
      expect(code, output).toBe(0)
      expect(JSON.parse(output)).toEqual({ rounds: 158 })
    })

    it('hands over every message with its descriptors, in order, through shortages that it tells', async () => {
      const { code, output } = await underSanitizers(root, 4096, [program('handoff-faults.cjs')])
      expect(code, output).toBe(0)
      expect(JSON.parse(output)).toEqual({ sendmsg: [UV_ETOOMANYREFS], recvmsg: [errno('ENOMEM')] })
    })
  },
)

describe.skipIf(noValgrind !== null)('addon under valgrind', () => {
  it('makes no invalid access and leaks nothing in random operations with faults', async () => {
    const root = packageWith('plain', [])
    const { code, output } = await underValgrind(root, [program('fuzz.cjs'), '1', '60'])
    expect(code, output).toBe(0)
  })

  it('finds a fault that is planted', async () => {
    const planted = packageWith('plain-planted', [], plantedSources())
    const { code, output } = await underValgrind(planted, [program('pair.cjs')])
    expect(output).toContain('Invalid write of size 1')
    expect(code).toBe(MEMORY_ERROR)
  })
})
