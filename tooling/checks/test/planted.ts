// A workspace in a temporary folder with the given files, removed after the test. It knows no check.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'

/** Writes the files and answers the folder. A `package.json` may be given as a name alone. */
export function planted(files: Record<string, string>): string {
  const top = mkdtempSync(path.join(tmpdir(), 'x-checks-'))
  onTestFinished(() => rmSync(top, { recursive: true, force: true }))
  const workspace = 'packages:\n  - packages/*\n  - apps/*\n  - tooling/*\n'
  for (const [name, text] of Object.entries({ 'pnpm-workspace.yaml': workspace, ...files })) {
    const file = path.join(top, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return top
}

/** A package.json. */
export function manifest(
  name: string,
  dependencies: readonly string[] = [],
  development: readonly string[] = [],
): string {
  const named = (names: readonly string[]) => Object.fromEntries(names.map(one => [one, 'workspace:^']))
  return JSON.stringify({ name, dependencies: named(dependencies), devDependencies: named(development) })
}
