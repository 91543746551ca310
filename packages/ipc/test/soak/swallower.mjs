// Takes what is sent to it: writes a byte into each descriptor, as a proof that it had it, and closes it.
import { closeSync, writeSync } from 'node:fs'
import { connect, createChannel } from '@x/ipc'

const over = createChannel(await connect(process.argv[2]), { handles: true })
over.on('handle', (_message, ...handles) => {
  for (const handle of handles) {
    const fd = handle.take()
    writeSync(fd, 't')
    closeSync(fd)
  }
})
