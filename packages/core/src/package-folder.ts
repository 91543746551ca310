// Where the built files of a package are, however they were bundled. It looks for nothing there.
import { existsSync } from 'node:fs'
import path from 'node:path'

/**
 * The folder of a file by its `__dirname`. Undefined, it is one of a bundle that is an ES module, where no file knows its
 * place: then the folder of the program that was started. (`__dirname` may also be a global variable: '.' in `node -e`; or
 * the folder that the file had where it was bundled, which Bun's bundler writes into the bundle.)
 */
export function folderOf(ofFile: string | undefined): string {
  if (ofFile !== undefined && path.isAbsolute(ofFile) && existsSync(ofFile)) return ofFile
  return path.dirname(path.resolve(process.argv[1] ?? process.execPath))
}

/** The folder of this package's built files; of a bundle that the package is part of, the bundle's own. */
export const packageFolder: string = folderOf(typeof __dirname === 'string' ? __dirname : undefined)
