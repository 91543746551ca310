// The example as its README runs it: each command is a process of its own.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const program = path.resolve(import.meta.dirname, '../todo.mjs')

function commandLine() {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-todo-'))
  const env = { ...process.env, NODE_OPTIONS: '', XDG_RUNTIME_DIR: folder, TODO_NAME: 'todo-test' }
  const todo = async (...words: string[]) =>
    (await promisify(execFile)(process.execPath, [program, ...words], { env })).stdout
  onTestFinished(async () => {
    await todo('stop')
    rmSync(folder, { recursive: true, force: true })
  })
  return { todo, env }
}

it('starts its daemon, and keeps what it was told', async () => {
  const { todo } = commandLine()
  expect(await todo('add', 'water', 'the', 'flowers')).toBe('added 1\n')
  expect(await todo('add', 'sleep')).toBe('added 2\n')
  expect(await todo('list')).toBe('1  water the flowers\n2  sleep\n')
  await todo('done', '1')
  expect(await todo('list')).toBe('2  sleep\n')
  await expect(todo('done', '7')).rejects.toThrow('there is no entry 7')
  await expect(todo('sing')).rejects.toThrow('no such command: sing (add, list, done, watch, stop)')
})

it('has one daemon where several commands start at once', async () => {
  const { todo } = commandLine()
  const added = await Promise.all(['a', 'b', 'c', 'd'].map(text => todo('add', text)))
  expect(added.sort()).toEqual(['added 1\n', 'added 2\n', 'added 3\n', 'added 4\n'])
})

it('tells watchers what others do, until the daemon stops', async () => {
  const { todo, env } = commandLine()
  const watching = spawn(process.execPath, [program, 'watch'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(watching, 'exit')
  onTestFinished(() => void watching.kill())
  const lines = createInterface({ input: watching.stdout })[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('watching')
  await todo('add', 'sleep')
  expect((await lines.next()).value).toBe('added 1: sleep')
  await todo('stop')
  expect(await exit).toEqual([0, null])
})
