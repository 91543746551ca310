// How child processes and worker threads come to be registered as their parent is. It starts none.
import process from 'node:process'

/**
 * Adds `--require` of a file to NODE_OPTIONS, which Node programs that this one starts read, unless they are given an
 * environment without it.
 */
export function registerChildren(entry: string): void {
  const options = process.env['NODE_OPTIONS'] ?? ''
  const word = `--require ${quoted(entry)}`
  if (!options.includes(word)) process.env['NODE_OPTIONS'] = options === '' ? word : `${options} ${word}`
}

/** A word of NODE_OPTIONS: in double quotes, with backslashes before quotes and backslashes. */
function quoted(word: string): string {
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
