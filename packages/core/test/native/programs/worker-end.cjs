// A worker thread that ends with live sockets, listeners, channels, splices and writes that cannot go out. The process
// must live on, and its descriptors with it.
const { isMainThread, Worker, parentPort, workerData } = require('node:worker_threads')
const { readdirSync } = require('node:fs')

if (isMainThread) main()
else inWorker()

async function main() {
  const descriptors = () => readdirSync('/proc/self/fd').length
  const run = how =>
    new Promise(resolve => {
      const worker = new Worker(__filename, { workerData: how })
      worker.on('error', () => {})
      worker.on('exit', resolve)
      worker.on('message', () => how === 'terminate' && worker.terminate())
    })
  await run('exit')
  const before = descriptors()
  for (let round = 0; round < 3; round++) {
    for (const how of ['exit', 'terminate', 'throw']) await run(how)
  }
  console.log(JSON.stringify({ before, after: descriptors() }))
}

function inWorker() {
  const { native, local, serve, connect, echo, check } = require('./base.cjs')
  const listener = serve(local, stream => {
    stream.write([Buffer.alloc(32 * 1024 * 1024)], () => {})
  })
  serve({ path: `\0x-worker-${process.pid}-${Math.random()}` }, echo).unref()
  const [a, b] = native.descriptors.socketPair()
  const channel = native.descriptors.channel(a)
  native.descriptors.channel(b).receive({ onMessage() {}, onEnd() {}, onError() {} })
  while (channel.send(Buffer.alloc(65536), [], () => {}) === 1);
  let open = 0
  const streams = []
  for (let index = 0; index < 8; index++) {
    connect(listener.sockname(), (status, stream) => {
      check(status, 'connect')
      streams.push(stream)
      if (index % 2 === 0) {
        stream.readStart({ onData: () => stream.readStop(), onEnd() {}, onError() {} })
        stream.shutdown(() => {})
      }
      if (++open === 8) ready()
    })
  }
  function ready() {
    const [left, right] = streams.filter(stream => stream.writeQueueSize === 0)
    left.splice(right, { mayMove: () => true })
    streams[5].close()
    parentPort.postMessage('ready')
    if (workerData === 'exit') process.exit(0)
    if (workerData === 'throw') throw new Error('on purpose')
    if (workerData === 'terminate') setInterval(() => {}, 1000)
  }
}
