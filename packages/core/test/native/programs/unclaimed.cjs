// Threads that end with descriptors which they received, or accepted, and did not take: the process gets them back. What was
// taken stays the taker's.
const { isMainThread, Worker, parentPort, workerData } = require('node:worker_threads')
const { closeSync, openSync, readdirSync } = require('node:fs')
const { native, local, check, connect } = require('./base.cjs')

const { descriptors } = native
const openDescriptors = () => readdirSync('/proc/self/fd').length

if (isMainThread) main()
else inWorker(workerData)

async function main() {
  const file = openSync('/dev/null', 'r')
  const fds = [file, file, file, file, file]
  /** A thread that gets five descriptors and five connections and ends in this way; the descriptors that it took. */
  const run = how =>
    new Promise(resolve => {
      const [mine, theirs] = descriptors.socketPair()
      const channel = descriptors.channel(mine)
      check(
        channel.send(Buffer.from('five'), fds, () => {}),
        'send',
      )
      const worker = new Worker(__filename, { workerData: { how, fd: theirs } })
      let taken = []
      const clients = []
      worker.on('error', () => {})
      worker.on('message', message => {
        if (message.taken) taken = message.taken
        if (message.address) {
          for (let index = 0; index < 5; index++) clients.push(connect(message.address, () => {}))
        }
        if (message.ready && how === 'terminate') worker.terminate()
      })
      worker.on('exit', () => {
        channel.close()
        for (const client of clients) client.close()
        setImmediate(() => setImmediate(resolve, taken))
      })
    })
  await run('exit')
  const before = openDescriptors()
  for (let round = 0; round < 4; round++) {
    for (const how of ['exit', 'terminate', 'throw', 'throw in batch', 'stop in batch']) await run(how)
  }
  const after = openDescriptors()
  const taken = await run('take')
  const kept = openDescriptors() - after
  for (const fd of taken) closeSync(fd)
  console.log(JSON.stringify({ left: after - before, kept }))
}

function inWorker({ how, fd }) {
  process.on('uncaughtException', error => {
    if (how !== 'throw in batch') throw error
    process.exit(1)
  })
  let received = 0
  let accepted = 0
  const both = () => {
    if (received < 5 || accepted < 5) return
    parentPort.postMessage({ ready: true })
    if (how === 'exit' || how === 'take') process.exit(0)
    if (how === 'throw') throw new Error('on purpose')
    if (how === 'terminate') for (;;);
  }
  const channel = descriptors.channel(fd)
  channel.receive({
    onMessage(_data, fds) {
      received += fds.length
      if (how === 'take') {
        descriptors.take(fds)
        parentPort.postMessage({ taken: fds })
      }
      if (how === 'throw in batch') throw new Error('on purpose')
      if (how === 'stop in batch') process.exit(0)
      both()
    },
    onEnd() {},
    onError() {},
  })
  const listener = native.listener('tcp')
  check(listener.bind(local), 'bind')
  const accept = (_status, fds) => {
    accepted += fds.length
    both()
  }
  check(
    listener.listenDescriptors(16, accept, () => {}),
    'listen',
  )
  parentPort.postMessage({ address: listener.sockname() })
}
