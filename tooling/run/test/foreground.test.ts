// Signals of a terminal and of npm, played on a real process group.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

const foreground = path.resolve(__dirname, '../foreground.mjs')
const program = `
  let presses = 0
  process.on('SIGINT', () => {
    presses++
    console.log('pressed ' + presses)
    if (presses === 1) setTimeout(() => { console.log("bye"); process.exit(CODE) }, 800)
  })
  process.on('SIGTERM', () => { console.log('term'); process.exit(0) })
  setInterval(() => {}, 1000)
  console.log('ready')
`

async function startGroup(code: string) {
  const runner = `
    import { runForeground } from ${JSON.stringify(foreground)}
    process.exit(await runForeground(process.execPath, ['-e', ${JSON.stringify(code)}], process.env))
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', runner], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const said = { text: '' }
  child.stdout.setEncoding('utf8').on('data', text => {
    said.text += text
  })
  while (!said.text.includes('ready')) await once(child.stdout, 'data')
  return { child, said }
}

async function exitCode(child: ChildProcess) {
  const [code, signal] = await once(child, 'close')
  return signal ?? code
}

describe('foreground', () => {
  it('passes a Ctrl-C that comes from the terminal and from npm once, and ends with 0', async () => {
    const { child, said } = await startGroup(program.replace('CODE', '0'))
    process.kill(-child.pid!, 'SIGINT') // the terminal: the whole group
    child.kill('SIGINT') // npm: its child alone
    expect(await exitCode(child)).toBe(0)
    expect(said.text).toBe('ready\npressed 1\nbye\n')
  })

  it('ends with the code of the program', async () => {
    const { child } = await startGroup(program.replace('CODE', '3'))
    child.kill('SIGINT')
    expect(await exitCode(child)).toBe(3)
  })

  it('ends with 0 where the signal it passed on ended the program', async () => {
    const { child } = await startGroup("setInterval(() => {}, 1000); console.log('ready')")
    child.kill('SIGTERM')
    expect(await exitCode(child)).toBe(0)
  })

  it('tells the program to stop when the terminal goes away', async () => {
    const { child, said } = await startGroup(program)
    child.kill('SIGHUP')
    expect(await exitCode(child)).toBe(0)
    expect(said.text).toBe('ready\nterm\n')
  })
})
