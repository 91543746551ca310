// Plays a program that ends its process, on one implementation of net; what it sees goes to its standard output. The
// bytes go to a server of the parent. It compares nothing.
import { writeSync } from 'node:fs'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { subjectOf } from '../subjects.mjs'

/** @type {{ subject: string, where: object, program: import('./generate.mjs').ExitProgram }} */
const task = isMainThread ? JSON.parse(process.argv[2] ?? '') : workerData

if (isMainThread && task.program.in === 'thread') {
  const thread = new Worker(new URL(import.meta.url), { workerData: task })
  thread.on('error', error => note(`the thread fails: ${String(error)}`))
  thread.on('exit', code => note(`the thread ends with ${code}`))
} else await play()

async function play() {
  const { subject, where, program } = task
  const { net } = await subjectOf(subject)
  /** @type {any[]} */
  const sockets = []
  for (const index of [0, 1]) {
    const socket = net.connect({ ...where, noDelay: true })
    sockets.push(socket)
    socket.on('error', (/** @type {Error & { code: string }} */ error) =>
      note(`${index} fails: ${error.code}`),
    )
    if (program.isConnected) await new Promise(resolve => socket.once('connect', resolve))
  }
  process.on('exit', () => {
    for (const step of program.atExit) act(sockets, step, -1)
  })
  for (const [id, step] of program.steps.entries()) {
    if (step.at === 'now') act(sockets, step, id)
    else {
      await new Promise(resolve =>
        later(step.at, () => {
          act(sockets, step, id)
          resolve(undefined)
        }),
      )
    }
  }
}

/** @param {string} at @param {() => void} run */
function later(at, run) {
  if (at === 'tick') process.nextTick(run)
  else if (at === 'micro') queueMicrotask(run)
  else setImmediate(run)
}

/** @param {any[]} sockets @param {import('./generate.mjs').ExitStep} step @param {number} id */
function act(sockets, { verb, on, one, size, kind, then }, id) {
  const socket = sockets[on]
  if (verb === 'exit') process.exit(7)
  if (verb === 'throw') throw new Error('mine')
  if (verb === 'look') return note(`${id} sees ${socket.bytesWritten}`)
  if (verb === 'cork' || verb === 'uncork') return socket[verb]()
  const data = kind === 'text' ? one.repeat(size) : Buffer.alloc(size, one)
  const given = kind === 'hex' && Buffer.isBuffer(data) ? [data.toString('hex'), 'hex'] : [data]
  if (verb === 'end') return socket.end(...given)
  if (then === null) return socket.write(...given)
  socket.write(...given, () => {
    note(`callback ${id}`)
    if (then === 'exit') process.exit(8)
    if (then === 'throw') throw new Error('mine')
  })
}

/** @param {string} text */
function note(text) {
  writeSync(1, `${text}\n`)
}
