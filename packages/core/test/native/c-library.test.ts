// Which C library a program is linked to, by its ELF header.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { isMusl } from '../../src/transport/native/c-library'
import { loaderOf } from '../../src/transport/native/elf'
import { temporaryFolder } from './bed'

/** A file with the ELF header of a program for 64 bits, and the loader's name where the header says. */
function program(loader: string, { at = 500, size = loader.length + 1 } = {}): string {
  const file = Buffer.alloc(200 + loader.length + at)
  file.write('\x7fELF\x02\x01', 'latin1')
  file.writeBigUInt64LE(64n, 32) // where the program headers are
  file.writeUInt16LE(56, 54) // the size of each
  file.writeUInt16LE(2, 56) // how many
  const second = 64 + 56
  file.writeUInt32LE(1, 64) // PT_LOAD
  file.writeUInt32LE(3, second) // PT_INTERP
  file.writeBigUInt64LE(BigInt(at), second + 8)
  file.writeBigUInt64LE(BigInt(size), second + 32)
  file.write(loader, at, 'latin1')
  const name = path.join(temporaryFolder(), 'program')
  writeFileSync(name, file)
  return name
}

describe('the C library of a program', () => {
  it('is that of the loader which its header names, wherever the name lies', () => {
    for (const at of [300, 100_000]) {
      expect(loaderOf(program('/lib/ld-musl-x86_64.so.1', { at }))).toBe('/lib/ld-musl-x86_64.so.1')
    }
    expect(isMusl(program('/lib/ld-musl-aarch64.so.1'))).toBe(true)
    expect(isMusl(program('/lib64/ld-linux-x86-64.so.2'))).toBe(false)
    expect(isMusl(program('/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2'))).toBe(false)
  })

  it.skipIf(process.platform !== 'linux')('of this one is what its report says (Linux only)', () => {
    const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
    expect(loaderOf(process.execPath)).toMatch(/\/ld-/)
    expect(isMusl()).toBe(!header.glibcVersionRuntime)
  })

  it('is asked of the report where the file does not say: no ELF file, cut off, not there', () => {
    const text = path.join(temporaryFolder(), 'text')
    writeFileSync(text, '#!/bin/sh\n'.repeat(20))
    const cut = program('/lib/ld-musl-x86_64.so.1', { size: 1 << 20 })
    for (const name of [text, cut, path.join(text, 'nothing')]) {
      expect(loaderOf(name)).toBeNull()
      expect(isMusl(name)).toBe(isMusl())
    }
  })
})
