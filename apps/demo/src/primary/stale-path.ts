// Socket files that a process left when it died. It listens to nothing.
import { lstatSync, unlinkSync } from 'node:fs'
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
