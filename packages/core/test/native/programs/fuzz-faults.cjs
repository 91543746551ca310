// What goes wrong around the fuzz program's operations: descriptors that run out, calls of the engine that fail,
// arguments that make no sense.
const { closeSync, openSync } = require('node:fs')
const { native } = require('./base.cjs')
const { call, fail, items, pick, random } = require('./fuzz-rules.cjs')

const bytes = Buffer.from('bytes')

/** What fails in a build of test/native/injection. */
const FALLIBLE =
  'malloc calloc realloc napi_create_reference napi_async_init napi_create_external_buffer uv_tcp_init uv_pipe_init ' +
  'uv_poll_init uv_timer_init uv_tcp_open uv_pipe_open uv_tcp_connect uv_write uv_try_write uv_shutdown uv_read_start ' +
  'uv_fs_fstat accept4 bind connect fcntl getpeername getsockname getsockopt listen pipe2 recvmsg sendmsg setsockopt socket ' +
  'socketpair splice'

/** For some turns one of the calls that the engine makes fails. */
function injectFault(round) {
  process.env.X_INJECT = `${1 + random(12)} ${round} ${pick(FALLIBLE.split(' '))}`
}

/** Descriptors run out for a few turns. */
function hoard(operate) {
  const fds = []
  try {
    for (;;) fds.push(openSync('/dev/null', 'r'))
  } catch {}
  for (let index = 0; index < 10; index++) operate()
  setImmediate(() =>
    setImmediate(() => {
      for (const fd of fds) closeSync(fd)
    }),
  )
}

function nonsense() {
  const item = pick(items.stream)
  call(() => {
    for (const fd of [-1, 1e9, 0x7fffffff]) {
      if (native.adopt(fd, 'stream') >= 0 || native.adopt(fd, 'listener') >= 0) fail('adopted nothing')
      native.descriptors.channel(fd)
      native.descriptors.peerOf(fd)
    }
    for (const address of ['', 'x'.repeat(500), '1.2.3', ':::::', '127.0.0.1\0']) {
      const made = native.stream('tcp')
      if (made.connect({ family: 'IPv4', address, port: 99999 }, () => fail('connected to nonsense')) >= 0) {
        fail('connects to nonsense')
      }
      made.close()
    }
    if (item)
      for (const chunks of [[undefined], ['text'], [bytes, null]]) {
        try {
          if (item.handle.write(chunks, () => fail('wrote nonsense')) >= 0) fail('writes nonsense')
        } catch (error) {
          if (!(error instanceof TypeError)) throw error
        }
      }
  })
}

module.exports = { hoard, injectFault, nonsense }
