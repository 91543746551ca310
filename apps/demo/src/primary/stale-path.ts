// Socket files that a process left when it died. It listens to nothing.
import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../net'

/** Removes a socket file that nobody listens on; leaves everything else alone. */
export async function clearStalePath(path: string): Promise<void> {
  try {
    if (lstatSync(path).isSocket() && (await isRefusing(path))) unlinkSync(path)
  } catch {
    // Nothing there, or nothing that is ours to remove: who listens next is told so.
  }
}

/** Removes what a process that is dead listened on. */
export function removeSocketFile(path: string): void {
  for (const file of [path, `${path}.lock`]) {
    try {
      unlinkSync(file)
    } catch {
      // It was removed by its owner.
    }
  }
}

/** Removes the sockets `NAME-PID...` in a folder of this user whose program is dead: a killed one cannot do it itself. */
export function removeLeftovers(folder: string, name: string): void {
  try {
    for (const file of readdirSync(folder)) {
      const pid = file.startsWith(`${name}-`)
        ? /^(\d+)(-\d+)?(\.lock)?$/.exec(file.slice(name.length + 1))
        : null
      if (pid !== null && !isAlive(Number(pid[1]))) unlinkSync(join(folder, file))
    }
  } catch {
    // Another program has removed them meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function isRefusing(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
}
