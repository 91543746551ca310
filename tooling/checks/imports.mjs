// Reads the import specifiers of a source file: static, dynamic, re-exports and require. It resolves nothing but
// relative paths.
import { existsSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

/** @param {string} text */
export function specifiersOf(text) {
  return ts.preProcessFile(text, true, true).importedFiles.map(file => file.fileName)
}

/**
 * The file that a relative specifier names, without its extension; a folder stands for its index.
 * @param {string} from  absolute path of the importing file
 * @param {string} specifier
 */
export function resolveRelative(from, specifier) {
  const target = path.resolve(path.dirname(from), specifier).replace(/\.(ts|mts|js|mjs)$/, '')
  const isFile = ['.ts', '.mts', '.js', '.mjs', '.json'].some(extension => existsSync(target + extension))
  return isFile || !existsSync(path.join(target, 'index.ts')) ? target : path.join(target, 'index')
}
