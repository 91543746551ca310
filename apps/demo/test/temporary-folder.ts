// A folder of one test, which goes with it. It knows nothing of what is put there.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'x-demo-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
