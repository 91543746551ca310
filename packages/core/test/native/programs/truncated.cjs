// A receiver at its limit of descriptors. Run under a low `ulimit -n`: of the descriptors that come with a message only
// some would fit, so none is handed over and none is kept; the bytes arrive, and the next message is whole again.
const { closeSync, openSync, readdirSync } = require('node:fs')
const { native, check } = require('./base.cjs')

const [a, b] = native.descriptors.socketPair()
const sender = native.descriptors.channel(a)
const receiver = native.descriptors.channel(b)
const hoard = []
const descriptors = () => readdirSync('/proc/self/fd').length

const mine = Array.from({ length: 8 }, () => openSync('/dev/null', 'r'))
const before = descriptors()
check(
  sender.send(Buffer.from('eight'), mine, () => {}),
  'send',
)
try {
  for (;;) hoard.push(openSync('/dev/null', 'r'))
} catch {}
// Room for three of the eight.
for (const fd of hoard.splice(0, 3)) closeSync(fd)
const results = []
receiver.receive({
  onMessage(data, fds, truncated) {
    for (const fd of hoard.splice(0)) closeSync(fd)
    results.push([data.toString(), fds.length, truncated])
    if (results.length === 1) {
      check(
        sender.send(Buffer.from('again'), mine, () => {}),
        'send',
      )
      return
    }
    for (const fd of fds) closeSync(fd)
    const [first, second] = results
    console.log(JSON.stringify({ first, second, kept: descriptors() - before }))
    sender.close()
    receiver.close()
  },
  onEnd() {},
  onError() {},
})
