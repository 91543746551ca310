// Where this file is, however it was bundled. It looks for nothing there.
import path from 'node:path'

/**
 * The folder of the built files; of a bundle that the package is part of the bundle's own. In a bundle that is an ES
 * module no file knows where it is: the folder of the program that was started. (There `__dirname` may be a global
 * variable: in `node -e` it is '.'.)
 */
export const packageFolder: string =
  typeof __dirname === 'string' && path.isAbsolute(__dirname)
    ? __dirname
    : path.dirname(path.resolve(process.argv[1] ?? process.execPath))
