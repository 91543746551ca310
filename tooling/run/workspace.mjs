// Where the repository is and which packages it holds, read from pnpm-workspace.yaml. Runs before anything is installed.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/** @typedef {{ folder: string, manifest: { name: string, private?: boolean, scripts?: Record<string, string> } }} Package */

/** @param {string} file */
export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/**
 * The packages of a workspace, in the order of pnpm-workspace.yaml and then by name.
 * @param {string} [top]
 * @returns {Package[]}
 */
export function workspacePackages(top = root) {
  const settings = readFileSync(path.join(top, 'pnpm-workspace.yaml'), 'utf8')
  const patterns = [...settings.matchAll(/^ {2}- (\S+)\/\*$/gm)].map(match => match[1] ?? '')
  return patterns.flatMap(pattern => {
    const parent = path.join(top, pattern)
    if (!existsSync(parent)) return []
    return readdirSync(parent)
      .sort()
      .map(name => path.join(parent, name))
      .filter(folder => existsSync(path.join(folder, 'package.json')))
      .map(folder => ({ folder, manifest: readJson(path.join(folder, 'package.json')) }))
  })
}
