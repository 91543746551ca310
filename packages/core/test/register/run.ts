// Runs a program in a child process, registered or not, and answers with what it printed. Not a test by itself.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { HANG_MS } from '@x/presets/hang-limit'

export interface Run {
  readonly code: number | string | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Words before the program's file. Default: `--import @x/core/register`. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** The package's folder, from which `@x/core/register` is found. */
export const packageFolder: string = path.resolve(import.meta.dirname, '../..')

export async function run(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { flags = ['--import', '@x/core/register'], env = {} } = options
  // What this process was started with is not the program's.
  const { NODE_OPTIONS: _ours, X_NET_TRANSPORT: _forced, ...inherited } = process.env
  return await new Promise(resolve => {
    const settings = {
      cwd: packageFolder,
      env: { ...inherited, ...env },
      timeout: HANG_MS,
      maxBuffer: 16 << 20,
    }
    execFile(process.execPath, [...flags, ...words], settings, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr })
    })
  })
}
