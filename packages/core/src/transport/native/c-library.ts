// Which C library the running program is linked to: by the loader that its ELF header names. It loads nothing.
import { loaderOf } from './elf'

/** Whether the program is linked to musl; glibc's, where its file cannot be read. */
export function isMusl(program: string = process.execPath): boolean {
  return loaderOf(program)?.includes('musl') ?? isMuslByReport()
}

// Some milliseconds, and more with many sockets: only where the file does not say.
function isMuslByReport(): boolean {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header !== undefined && !header.glibcVersionRuntime
}
