// Receives handles with room for few open descriptors: starts itself again under a limit (RLIMIT_NOFILE).
import { spawn } from 'node:child_process'
import { connect, createChannel } from '@x/ipc'

const [where, isLimited] = process.argv.slice(2)
if (isLimited) {
  const over = createChannel(await connect(where), { handles: true })
  over.on('handle', (_message, ...handles) => {
    for (const handle of handles) handle.close()
  })
  console.log('ready')
} else {
  const command = `ulimit -n 60; exec "${process.execPath}" "${process.argv[1]}" "${where}" limited`
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'inherit', 'inherit'] })
  process.on('exit', () => child.kill())
  process.on('SIGTERM', () => process.exit())
}
