// What a peer sends, as bytes that a fuzzer makes up, against a channel: for jazzer.js, which is guided by the code that its
// inputs reach, and for the test that plays the corpus. It throws where a channel does what it must not.
//
//   npx -p @jazzer.js/core@4.0.0 jazzer test/fuzz/channel FOLDER -i packages/ipc     (it needs glibc 2.38)
//
// FOLDER has inputs as files; those of corpus.txt are what a merge (`-merge=1`) has left of them, in base64.
//
// The first byte says what the program does, the second where the rest is cut in two.
const { Line } = require('./line.cjs')

const HOLD_LIMIT_BYTES = 1 << 20
const HELLO = [0x78, 0x63, 0x68, 1, 0, 0, 0, 0, 0, 16, 0, 0]
const HAS_ONE_HANDLER = 1
const READS = 2
const IS_STUCK = 4
const ASKS = 8
const IS_MUTE = 16
const CLOSES = 32
const ENDS = 64

const turn = () => new Promise(resolve => setImmediate(resolve))

/** One peer against one channel. @param {typeof import('@x/ipc').createChannel} createChannel @param {Buffer} data */
async function play(createChannel, data) {
  if (data.length < 3) return
  const [mode, cut] = data
  const line = new Line()
  line.isStuck = (mode & IS_STUCK) !== 0
  const channel = createChannel(line, {
    frameLimitBytes: 4096,
    holdLimitBytes: HOLD_LIMIT_BYTES,
    backlogLimitBytes: 1 << 16,
    inboxLimit: 8,
    requestLimit: 8,
    patienceMs: 0,
    requestTimeoutMs: 0,
  })
  let ends = 0
  channel.on('close', () => ends++)
  if (mode & HAS_ONE_HANDLER) channel.serve(value => value)
  else channel.serve({ echo: value => value, hang: () => new Promise(() => {}) })
  if (mode & READS) channel.on('message', () => {})
  if (mode & ASKS) for (const value of [1, 2]) channel.request(value).catch(() => {})
  if ((mode & IS_MUTE) === 0) line.emit('data', Buffer.from(HELLO))
  await turn()
  if (mode & CLOSES) channel.close()
  const at = 2 + (cut % Math.max(1, data.length - 2))
  for (const part of [data.subarray(2, at), data.subarray(at)]) {
    if (!line.destroyed && part.length > 0) line.emit('data', Buffer.from(part))
    if (channel.held > HOLD_LIMIT_BYTES) throw new Error(`${channel.held} bytes are held`)
  }
  await turn()
  if (mode & ENDS && !line.destroyed) line.emit('end')
  channel.destroy()
  await turn()
  if (ends !== 1) throw new Error(`the channel ended ${ends} times`)
  if (Object.keys(Object.prototype).length > 0) throw new Error('a prototype was changed')
}

exports.play = play
exports.fuzz = data => play(require('@x/ipc').createChannel, data)
