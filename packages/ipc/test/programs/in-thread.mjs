// Runs in a worker thread: listens on a path, answers itself, and tells what came of it.
import { existsSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { connect, listen } from '@x/ipc'

try {
  const server = await listen(workerData, {}, socket => socket.end('hello'))
  const [hello] = await (await connect(workerData)).setEncoding('utf8').toArray()
  await new Promise(resolve => server.close(resolve))
  parentPort.postMessage({ hello, isLeft: existsSync(workerData) })
} catch ({ code, message }) {
  parentPort.postMessage({ code, message, isLeft: existsSync(workerData) })
}
