// Which C library the running program is linked to: by the loader that its ELF header names (elf(5)). It loads nothing.
import { closeSync, openSync, readSync } from 'node:fs'

const ELF_64_BITS_LITTLE_ENDIAN = '7f454c460201'
/** The program header that names the loader. */
const PT_INTERP = 3

/** Whether the program is linked to musl; glibc's, where its file cannot be read. */
export function isMusl(program: string = process.execPath): boolean {
  return loaderOf(program)?.includes('musl') ?? isMuslByReport()
}

/** The path of a program's loader, such as `/lib64/ld-linux-x86-64.so.2`; null where the file does not say. */
export function loaderOf(program: string): string | null {
  let fd = -1
  try {
    fd = openSync(program, 'r')
    const header = bytesAt(fd, 0, 64)
    if (header.toString('hex', 0, 6) !== ELF_64_BITS_LITTLE_ENDIAN) return null
    const size = header.readUInt16LE(54)
    const count = header.readUInt16LE(56)
    const table = bytesAt(fd, Number(header.readBigUInt64LE(32)), size * count)
    for (let at = 0; at < table.length; at += size) {
      if (table.readUInt32LE(at) !== PT_INTERP) continue
      const text = bytesAt(fd, Number(table.readBigUInt64LE(at + 8)), Number(table.readBigUInt64LE(at + 32)))
      return text.toString('latin1').replace(/\0.*$/s, '')
    }
    return null
  } catch {
    return null
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}

function bytesAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  if (readSync(fd, bytes, 0, length, position) < length) throw new RangeError('the file is too short')
  return bytes
}

// Some milliseconds, and more with many sockets: only where the file does not say.
function isMuslByReport(): boolean {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header !== undefined && !header.glibcVersionRuntime
}
