// Echoes; tells its address, and each connection's end.
const { local, serve, echo } = require('./base.cjs')

const listener = serve(local, echo)
process.send(listener.sockname().port)
process.on('disconnect', () => process.exit(0))
