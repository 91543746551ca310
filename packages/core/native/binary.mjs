// Reads off a compiled addon what it was built for: ELF (Linux) and Mach-O (macOS) headers. It runs nothing.
import { readFileSync } from 'node:fs'

/**
 * @typedef {object} Binary
 * @property {string} target    the folder under prebuilds/ where it belongs, such as `linux-arm64-musl`
 * @property {string | null} glibc  the newest version of glibc that it needs, such as `2.17`; null where it needs none
 * @property {boolean} isSigned  macOS on arm64 loads only what has a signature
 */

const elfProcessors = new Map([
  [62, 'x64'],
  [183, 'arm64'],
  [40, 'arm'],
  [3, 'ia32'],
  [243, 'riscv64'],
  [21, 'ppc64'],
  [22, 's390x'],
])
const machProcessors = new Map([
  [0x01000007, 'x64'],
  [0x0100000c, 'arm64'],
])

/**
 * @param {string} file
 * @returns {Binary}
 * @throws where the file is neither ELF nor Mach-O of 64 bits, or of a processor that is not known
 */
export function readBinary(file) {
  const bytes = readFileSync(file)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.byteLength > 64 && view.getUint32(0) === 0x7f454c46 && view.getUint8(4) === 2)
    return readElf(view, file)
  if (view.byteLength > 32 && view.getUint32(0, true) === 0xfeedfacf) return readMachO(view, file)
  throw new Error(`${file} is no 64-bit binary of Linux or macOS`)
}

/** https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html @param {DataView} view @param {string} file */
function readElf(view, file) {
  const little = view.getUint8(5) === 1
  const arch = elfProcessors.get(view.getUint16(18, little))
  if (arch === undefined) throw new Error(`${file} is for a processor that is not known here`)
  const names = elfNames(view, little)
  const isMusl = names.some(name => /^(libc\.musl-|libc\.so$|ld-musl-)/.test(name))
  const versions = names.flatMap(name => /^GLIBC_(\d+\.\d+(?:\.\d+)?)$/.exec(name)?.[1] ?? [])
  return {
    target: `linux-${arch}${isMusl ? '-musl' : ''}`,
    glibc: versions.sort(compareVersions).at(-1) ?? null,
    isSigned: false,
  }
}

/** The strings of the dynamic string table: libraries, symbols and their versions. @param {DataView} view @param {boolean} little */
function elfNames(view, little) {
  const u64 = (/** @type {number} */ at) => Number(view.getBigUint64(at, little))
  const [start, size, count] = [u64(40), view.getUint16(58, little), view.getUint16(60, little)]
  for (let index = 0; index < count; index++) {
    const section = start + index * size
    if (view.getUint32(section + 4, little) !== 6) continue // SHT_DYNAMIC; its link is its string table
    const strings = start + view.getUint32(section + 40, little) * size
    const text = new Uint8Array(view.buffer, view.byteOffset + u64(strings + 24), u64(strings + 32))
    return new TextDecoder('latin1').decode(text).split('\0')
  }
  return []
}

/** mach-o/loader.h @param {DataView} view @param {string} file */
function readMachO(view, file) {
  const arch = machProcessors.get(view.getUint32(4, true))
  if (arch === undefined) throw new Error(`${file} is for a processor that is not known here`)
  let at = 32
  let isSigned = false
  for (let left = view.getUint32(16, true); left > 0; left--) {
    if (view.getUint32(at, true) === 0x1d) isSigned = true // LC_CODE_SIGNATURE
    at += view.getUint32(at + 4, true)
  }
  return { target: `darwin-${arch}`, glibc: null, isSigned }
}

/** @param {string} a @param {string} b */
export function compareVersions(a, b) {
  const [left = [], right = []] = [a, b].map(version => version.split('.').map(Number))
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
