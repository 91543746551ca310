// The path of a local socket of which only the descriptor is known. node:net does not tell it; Linux's procfs does.

import { fstatSync, readFileSync } from 'node:fs'
import { platform } from '../../host'

/** Where a Unix-domain socket is bound; empty where it is not, or where the system does not say (proc(5)). */
export function socketPath(fd: number): string {
  if (platform !== 'linux') return ''
  try {
    const inode = String(fstatSync(fd, { bigint: true }).ino)
    for (const line of readFileSync('/proc/net/unix', 'latin1').split('\n')) {
      // Num RefCount Protocol Flags Type St Inode Path
      const fields = line.trim().split(/\s+/, 7)
      if (fields[6] !== inode) continue
      const path = Buffer.from(line.slice(line.indexOf(` ${inode}`) + inode.length + 2), 'latin1').toString()
      return path.startsWith('@') ? `\0${path.slice(1)}` : path
    }
  } catch {
    // No procfs here.
  }
  return ''
}
