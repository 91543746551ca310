// Runs in a worker thread: makes a channel of the descriptor that it is given, receives what comes, and ends with all of it:
// what it was handed, what waits for a reader, and what is only under way.
import { parentPort, workerData } from 'node:worker_threads'
import { createChannel } from '@x/ipc'

const channel = createChannel(workerData.fd)
const kept = []
let waiting = workerData.count
channel.on('handle', (_value, ...handles) => {
  kept.push(...handles)
  waiting -= handles.length
  if (waiting > 0) return
  channel.removeAllListeners('handle')
  parentPort.postMessage('kept')
})
channel.serve(() => kept.length)
