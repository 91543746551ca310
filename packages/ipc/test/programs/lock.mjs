// Takes the lock of a path by flock(1), as any program may, and holds it until it is told to let go.
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, unlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'

const file = `${process.argv[2]}.lock`
const fd = openSync(file, 'w', 0o600)
const { status } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
console.log(status === 0 ? 'locked' : 'busy')
for await (const _line of createInterface({ input: process.stdin })) {
  unlinkSync(file)
  closeSync(fd)
  break
}
