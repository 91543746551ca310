// Where the built files of this package are, or from its sources those. It looks for nothing there.
import { folderOf } from '@x/core/internal'

/** Of a bundle that the package is part of: the bundle's own. */
export const packageFolder: string = folderOf(typeof __dirname === 'string' ? __dirname : undefined)
