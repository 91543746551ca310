// Says in one line which transport the built @x/core takes on this machine, and why not the other. It asks the build,
// in a process of its own.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { root } from './workspace.mjs'

const question = `
  const { transport, reason } = require('./dist/transport.js').selectTransport()
  console.log(transport.name + (reason === null ? ' (the C engine)' : ', not native: ' + reason))
`

/** @param {NodeJS.ProcessEnv} [env] */
export function transportLine(env = process.env) {
  const answer = spawnSync(process.execPath, ['-e', question], {
    cwd: path.join(root, 'packages/core'),
    env,
    encoding: 'utf8',
  })
  if (answer.status !== 0) throw new Error(`the built @x/core does not load:\n${answer.stderr}`)
  return answer.stdout.trim().replaceAll('\n', ' ')
}
