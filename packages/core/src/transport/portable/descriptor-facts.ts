// What is known of a descriptor before a handle of the host takes it: which way it goes, and what becomes of the socket
// behind it. Linux's procfs tells; elsewhere nothing does, and node:net finds out by trying.

import { fstatSync, readFileSync } from 'node:fs'
import { platform } from '../../host'
import type { Sides } from './inner-socket'

const O_ACCMODE = 3
const sidesOf: readonly (Sides | undefined)[] = [
  { readable: true, writable: false },
  { readable: false, writable: true },
]
const both: Sides = { readable: true, writable: true }

/** Which ways a descriptor goes (open(2), proc(5): fdinfo). */
export function sidesOfDescriptor(fd: number): Sides {
  const flags = /^flags:\s+([0-7]+)$/m.exec(textOf(`/proc/self/fdinfo/${fd}`))
  return flags === null ? both : (sidesOf[Number.parseInt(flags[1]!, 8) & O_ACCMODE] ?? both)
}

/** What a stream socket is in the middle of; null where the system does not say, or the socket is of another kind. */
export type SocketPhase = 'listening' | 'connected' | 'neither' | null

/** Of a socket's descriptor (proc(5): net/unix, net/tcp). */
export function phaseOfSocket(fd: number): SocketPhase {
  const inode = String(fstatSync(fd, { bigint: true }).ino)
  for (const { file, phase } of tables) {
    for (const line of textOf(file).split('\n')) {
      if (!line.includes(` ${inode}`)) continue
      const found = phase(line.trim().split(/\s+/), inode)
      if (found !== null) return found
    }
  }
  return null
}

interface Table {
  readonly file: string
  phase(fields: readonly string[], inode: string): SocketPhase
}

const tcpPhase: Table['phase'] = (fields, inode) => {
  // sl local rem st tx:rx tr:when retrnsmt uid timeout inode
  if (fields[9] !== inode) return null
  if (fields[3] === '0A') return 'listening'
  return fields[3] === '07' ? 'neither' : 'connected'
}

const tables: readonly Table[] = [
  {
    file: '/proc/net/unix',
    phase(fields, inode) {
      // Num RefCount Protocol Flags Type St Inode Path
      if (fields[6] !== inode || fields[4] !== '0001') return null
      if (fields[3] === '00010000') return 'listening'
      return fields[5] === '03' ? 'connected' : 'neither'
    },
  },
  { file: '/proc/net/tcp', phase: tcpPhase },
  { file: '/proc/net/tcp6', phase: tcpPhase },
]

function textOf(file: string): string {
  if (platform !== 'linux') return ''
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
