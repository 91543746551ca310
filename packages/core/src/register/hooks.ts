// How modules come to load @x/core where they ask for node:net: `require` by Module._load, `import` by the hooks of
// node:module, in this thread where they can be there, else in the thread that Node has for them.
import Module from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageFolder } from '../package-folder'
import { answersFor, type FaceSource, isNet } from './face-source'

type Load = (
  request: string,
  parent: { filename?: string | null } | null | undefined,
  isMain: boolean,
) => unknown

/** The members of node:module that are not in every supported version, or in no documentation. */
interface ModuleInternals {
  _load: Load
  registerHooks?(hooks: object): void
  register(specifier: string | URL, options: { parentURL: URL; data: unknown }): void
}

const internals = Module as unknown as ModuleInternals

/** The folder of this package's built files: what they require of node:net is Node's own. */
const ownFolder = packageFolder + path.sep

/** `require('net')` in all modules but this package's own, and `process.getBuiltinModule('net')`. */
export function answerRequire(net: object): void {
  const load = internals._load
  internals._load = function (this: unknown, request, parent, isMain) {
    if (isNet(request) && !parent?.filename?.startsWith(ownFolder)) return net
    return load.call(this, request, parent, isMain)
  }
  const { getBuiltinModule } = process
  if (getBuiltinModule === undefined) return
  process.getBuiltinModule = ((id: string) =>
    isNet(id) ? net : getBuiltinModule(id)) as typeof process.getBuiltinModule
}

/** `import 'net'`: a module made of source text, whose exports are the members of `net` at this moment. */
export function answerImport(source: FaceSource): void {
  if (internals.registerHooks) {
    internals.registerHooks(answersFor(source))
    return
  }
  const parentURL = pathToFileURL(path.join(ownFolder, 'register.js'))
  internals.register('./register-thread.js', { parentURL, data: source })
}
