// Paths of local sockets that nobody else uses, removed at the end of the process.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

let folder = ''
let pathCount = 0

/** A path that is free. */
export function freshPath() {
  if (folder === '') {
    folder = mkdtempSync(path.join(tmpdir(), 'x-differential-'))
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  }
  return path.join(folder, `x-differential-${++pathCount}.sock`)
}
