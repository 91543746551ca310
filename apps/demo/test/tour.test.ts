// `demo --tour`, with and without a terminal. Each run has folders of its own, so that what it leaves behind shows.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PROGRAM, Program, runDemo, whyNoMoves } from './demo-process'
import { temporaryFolder } from './temporary-folder'

const ENTER = '\r'
const RIGHT = '\u001b[C'
const CTRL_C = '\u0003'

/** An environment whose folders for sockets and temporary files are empty, and must be so again. */
function ownFolders(): { readonly env: NodeJS.ProcessEnv; left(): readonly string[] } {
  const folder = temporaryFolder()
  const env = { ...process.env, TMPDIR: folder, XDG_RUNTIME_DIR: folder, NO_COLOR: '1' }
  return { env, left: () => readdirSync(folder) }
}

/** The processes of the demo that the tour has named. */
function livingOf(output: string): readonly number[] {
  const named = [...output.matchAll(/[Pp]rocesses ([\d, ]+)/g)].flatMap(([, pids]) =>
    pids!.split(', ').map(Number),
  )
  expect(named.length).toBeGreaterThan(0)
  return named.filter(pid => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  })
}

const noMoves = whyNoMoves()

it.skipIf(noMoves)(
  `goes through all steps by itself with --yes${noMoves ? ` (${noMoves})` : ''}`,
  async () => {
    const { env, left } = ownFolders()
    const { code, stdout, stderr } = await runDemo(['--tour', '--yes'], env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.match(/\d of 7: .*/g)?.map(title => title.trim())).toEqual([
      '1 of 7: A broker in several processes',
      '2 of 7: Publish and subscribe',
      '3 of 7: One worker less, one more',
      '4 of 7: A reload under load',
      '5 of 7: A worker is killed',
      '6 of 7: A subscriber that does not read',
      '7 of 7: The end, in order',
    ])
    expect(stdout.match(/ 0 lost, 0 doubled, 0 out of order, 0 connections broken\./g)).toHaveLength(2)
    expect(stdout).toContain('PUBLISH reaches 6 of 6')
    expect(livingOf(stdout)).toEqual([])
    expect(left()).toEqual([])
  },
)

it('says what to do where there is no terminal, and what is wrong with an option', async () => {
  const asked = await runDemo(['--tour'])
  expect(asked).toMatchObject({ code: 2, stdout: '' })
  expect(asked.stderr).toMatch(/^demo: .* no terminal\.\n.*npm start -- --tour --yes\n$/)
  const wrong = await runDemo(['--tour', '--port', '1'])
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toMatch(/See demo --tour --help\n$/)
  expect(await runDemo(['--tour', '--help'])).toMatchObject({ code: 0, stderr: '' })
})

/** util-linux's `script` runs a program on a terminal, and passes on keys and the exit code. */
const noTerminal =
  process.platform === 'linux' && spawnSync('script', ['--version']).stdout?.includes('util-linux')
    ? null
    : 'there is no `script` of util-linux'

describe.skipIf(noTerminal)(`on a terminal${noTerminal ? ` (${noTerminal})` : ''}`, () => {
  class Terminal extends Program {
    press(key: string): void {
      this.child.stdin!.write(key)
    }

    /** Resolves when it asks whether to begin a step. */
    async asks(step: number): Promise<void> {
      const title = `${step} of `
      await this.when(
        ({ stdout }) =>
          stdout.includes(title) && stdout.lastIndexOf('Enter goes on') > stdout.lastIndexOf(title),
      )
    }
  }

  async function begin(): Promise<{ readonly terminal: Terminal; left(): readonly string[] }> {
    const { env, left } = ownFolders()
    const terminal = new Terminal(
      'script',
      ['-qfec', `stty rows 24 cols 100; exec ${process.execPath} ${PROGRAM} --tour`, '/dev/null'],
      env,
    )
    onTestFinished(() => terminal[Symbol.asyncDispose]())
    await terminal.asks(1)
    return { terminal, left }
  }

  it('goes on at Enter, and ends at Ctrl-C', async () => {
    const { terminal, left } = await begin()
    terminal.press(ENTER)
    await terminal.asks(2)
    terminal.press(ENTER)
    await terminal.asks(3)
    terminal.press(CTRL_C)
    const { code, stdout } = await terminal.finished
    expect(code).toBe(130)
    expect(stdout).toContain('the demo is stopped')
    expect(livingOf(stdout)).toEqual([])
    expect(left()).toEqual([])
  })

  // Without moves there is no step under load, and none takes long enough.
  it.skipIf(noMoves)(`ends at Ctrl-C in the middle of a step${noMoves ? ` (${noMoves})` : ''}`, async () => {
    const { terminal, left } = await begin()
    for (const step of [2, 3]) {
      terminal.press(ENTER)
      await terminal.asks(step)
    }
    terminal.press(ENTER)
    await terminal.printed(/The load begins/)
    terminal.press(CTRL_C)
    const { code, stdout } = await terminal.finished
    expect(code).toBe(130)
    expect(stdout).toContain('Interrupted; the demo is stopped')
    expect(livingOf(stdout)).toEqual([])
    expect(left()).toEqual([])
  })

  it('ends where "Quit" is chosen, which is no failure', async () => {
    const { terminal, left } = await begin()
    terminal.press(RIGHT)
    terminal.press(ENTER)
    expect((await terminal.finished).code).toBe(0)
    expect(left()).toEqual([])
  })
})
