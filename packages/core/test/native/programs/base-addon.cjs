// What the programs that call the addon itself start from: its file, without the transport above it.
const { constants } = require('node:os')
const path = require('node:path')

const root = process.env.X_TEST_PACKAGE ?? path.join(__dirname, '..', '..', '..')
const musl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime
const folder = `${process.platform}-${process.arch}${musl ? '-musl' : ''}`

/** A new instance of the addon in this thread; throws what the loader throws. */
function load() {
  const module = { exports: {} }
  process.dlopen(module, path.join(root, 'prebuilds', folder, 'x_net.node'), constants.dlopen.RTLD_NOW)
  return module.exports
}

/** Functions for its events, `on` by name; the others do nothing. */
function events(on = {}) {
  const names =
    'accept descriptors read readArena connect written shutdown streamClosed closed message mayMove shortage readable makeStream'.split(
      ' ',
    )
  return names.map(name => on[name] ?? (() => {}))
}

module.exports = { load, events }
