// A channel whose every kind of system call fails now and then: each message arrives whole, in order, with its own
// descriptors, and the shortage is told. Needs the build of test/native/injection.
const { fstatSync, openSync } = require('node:fs')
const { native, check } = require('./base.cjs')

const { descriptors } = native
const COUNT = 40
const SIZE = 20_000
const file = openSync('/dev/null', 'r')

function pair() {
  return descriptors.socketPair().map(fd => descriptors.channel(fd))
}

/** Sends all, with one descriptor each; done once all has come. */
function exchange(onShortage) {
  const [here, there] = pair()
  const parts = []
  let bytes = 0
  let came = 0
  let settled = 0
  return new Promise((resolve, reject) => {
    const end = () => {
      if (bytes < COUNT * SIZE || settled < COUNT) return
      here.close()
      there.close(() => resolve({ data: Buffer.concat(parts), came }))
    }
    const onSent = status => {
      if (status < 0) reject(new Error(`sent: ${status}`))
      settled += 1
      end()
    }
    there.receive({
      onMessage(data, fds) {
        parts.push(data)
        bytes += data.length
        for (const fd of fds) if (fstatSync(fd).rdev === fstatSync(file).rdev) came += 1
        descriptors.close(fds)
        end()
      },
      onEnd: () => reject(new Error('end')),
      onError: status => reject(new Error(`received: ${status}`)),
      onShortage,
    })
    here.receive({ onMessage() {}, onEnd() {}, onError() {}, onShortage })
    for (let index = 0; index < COUNT; index++) {
      const status = check(here.send(Buffer.alloc(SIZE, index), [file], onSent), 'send')
      if (status === 1) settled += 1
    }
    end()
  })
}

async function main() {
  const told = { sendmsg: new Set(), recvmsg: new Set() }
  for (const name of ['sendmsg', 'recvmsg']) {
    for (let number = 1; ; number++) {
      process.env.X_INJECT = `${number} ${name}${number} ${name}`
      delete process.env.X_INJECTED
      let tellings = 0
      const { data, came } = await exchange(status => {
        tellings += 1
        told[name].add(status)
      })
      delete process.env.X_INJECT
      if (process.env.X_INJECTED === undefined) break
      const isWhole = data.every((byte, at) => byte === Math.floor(at / SIZE))
      if (data.length !== COUNT * SIZE || !isWhole)
        throw new Error(`${name} ${number}: bytes are lost or out of order`)
      if (came !== COUNT) throw new Error(`${name} ${number}: ${came} descriptors came`)
      if (tellings > 1) throw new Error(`${name} ${number}: told ${tellings} times`)
    }
  }
  console.log(JSON.stringify({ sendmsg: [...told.sendmsg], recvmsg: [...told.recvmsg] }))
}

main()
