// The example as its README runs it: the program in a process of its own, and clients that speak its lines.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'

/** Lines as they come; `until` waits for the next one that matches. */
function linesOf(input: NodeJS.ReadableStream) {
  const lines = createInterface({ input })[Symbol.asyncIterator]()
  return async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the stream ended before ${pattern}`)
      if (pattern.test(value)) return value
    }
  }
}

async function enter(port: number, name: string) {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const until = linesOf(socket)
  const welcome = await until(/welcome to worker/)
  socket.write(`${name}\n`)
  await until(new RegExp(`^${name} is here$`))
  return {
    worker: /worker (\d+)/.exec(welcome)![1],
    say: (text: string) => socket.write(`${text}\n`),
    until,
    socket,
  }
}

it('lets clients of all workers talk, while the workers are replaced', async () => {
  const chat = spawn(process.execPath, ['chat.mjs', '0', '2'], {
    cwd: path.resolve(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const exit = once(chat, 'exit')
  onTestFinished(() => void chat.kill('SIGKILL'))
  const printed = linesOf(chat.stdout)
  const port = Number(/port (\d+)/.exec(await printed(/listens on port/))![1])
  await printed(/kill -HUP/)

  const anna = await enter(port, 'anna')
  const bert = await enter(port, 'bert')
  expect(bert.worker).not.toBe(anna.worker)
  anna.say('hello')
  expect(await bert.until(/anna:/)).toBe('anna: hello')

  chat.kill('SIGHUP')
  await Promise.all([anna, bert].map(({ until }) => until(/this worker leaves soon/)))
  const cora = await enter(port, 'cora')
  expect([anna.worker, bert.worker]).not.toContain(cora.worker)
  cora.say('good morning')
  expect(await anna.until(/cora:/)).toBe('cora: good morning')
  anna.say('good night')
  expect(await cora.until(/anna:/)).toBe('anna: good night')

  for (const { socket } of [anna, bert]) socket.end()
  await printed(/2 workers were replaced/)
  cora.socket.end()
  chat.kill('SIGTERM')
  await printed(/all workers have ended/)
  expect(await exit).toEqual([0, null])
})
