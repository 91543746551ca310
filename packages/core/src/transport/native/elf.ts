// What the headers of an ELF file say (elf(5)): which loader it names, and how long it must be. It loads nothing.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const ELF_64_BITS_LITTLE_ENDIAN = '7f454c460201'
const PT_LOAD = 1
/** The program header that names the loader. */
const PT_INTERP = 3

/** A part of the file, by its program header. */
interface Segment {
  readonly type: number
  readonly offset: number
  readonly size: number
}

/** The path of a program's loader, such as `/lib64/ld-linux-x86-64.so.2`; null where the file does not say. */
export function loaderOf(program: string): string | null {
  return read(program, fd => {
    const segment = segments(fd).find(({ type }) => type === PT_INTERP)
    if (segment === undefined) return null
    const text = bytesAt(fd, segment.offset, segment.size)
    return text.toString('latin1').replace(/\0.*$/s, '')
  })
}

/**
 * How much of a file is there, where it ends before the parts that the loader maps; null where it is whole, or no such
 * file. The loader maps beyond its end, and the first access there kills the process (SIGBUS).
 */
export function cutOff(file: string): { readonly bytes: number; readonly needed: number } | null {
  return read(file, fd => {
    const bytes = fstatSync(fd).size
    const loaded = segments(fd).filter(({ type }) => type === PT_LOAD)
    const needed = Math.max(0, ...loaded.map(({ offset, size }) => offset + size))
    return bytes < needed ? { bytes, needed } : null
  })
}

/** What `look` finds in the file; null where it cannot be read, or is too short for its own headers. */
function read<Found>(file: string, look: (fd: number) => Found | null): Found | null {
  let fd = -1
  try {
    fd = openSync(file, 'r')
    return look(fd)
  } catch {
    return null
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}

function segments(fd: number): Segment[] {
  const header = bytesAt(fd, 0, 64)
  if (header.toString('hex', 0, 6) !== ELF_64_BITS_LITTLE_ENDIAN) return []
  const size = header.readUInt16LE(54)
  const count = header.readUInt16LE(56)
  const table = bytesAt(fd, Number(header.readBigUInt64LE(32)), size * count)
  return Array.from({ length: count }, (_, index) => ({
    type: table.readUInt32LE(index * size),
    offset: Number(table.readBigUInt64LE(index * size + 8)),
    size: Number(table.readBigUInt64LE(index * size + 32)),
  }))
}

function bytesAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  if (readSync(fd, bytes, 0, length, position) < length) throw new RangeError('the file is too short')
  return bytes
}
