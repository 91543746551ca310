// How modules come to load another module where they ask for one of Node's (@x/core for node:net): `require` by Module._load, `import` by a hook of
// node:module, in this thread where it can be there, else in the thread that Node has for hooks.
import Module from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageFolder } from '../package-folder'
import { answersFor, type FaceSource, means } from './face-source'

type Load = (
  request: string,
  parent: { filename?: string | null } | null | undefined,
  isMain: boolean,
) => unknown

/** The members of node:module that are not in every supported version, or in no documentation. */
interface ModuleInternals {
  _load: Load
  /** Since Node 22.15. */
  registerHooks?(hooks: object): void
  /** Since Node 20.6; options beside a parent URL are the only form that 20.6 has. */
  register?(specifier: string, parentUrl: string, options: { data: unknown }): void
}

const internals = Module as unknown as ModuleInternals

/**
 * `require('net')` in all modules but those of one folder, and `process.getBuiltinModule('net')`. `folder`: the built files
 * of the package that stands in; what they require of it is Node's own.
 */
export function answerRequire(name: string, face: object, folder: string): void {
  const load = internals._load
  internals._load = function (this: unknown, request, parent, isMain) {
    if (means(request, name) && !parent?.filename?.startsWith(folder + path.sep)) return face
    return load.call(this, request, parent, isMain)
  }
  const { getBuiltinModule } = process
  if (getBuiltinModule === undefined) return
  process.getBuiltinModule = ((id: string) =>
    means(id, name) ? face : getBuiltinModule(id)) as typeof process.getBuiltinModule
}

/** `import 'net'`: a module made of source text, whose exports are the members of the face at this moment. */
export function answerImport(source: FaceSource): void {
  if (internals.registerHooks) {
    internals.registerHooks({ resolve: answersFor(source) })
    return
  }
  const parentUrl = pathToFileURL(path.join(packageFolder, 'register.js'))
  internals.register?.('./register-thread.js', parentUrl.href, { data: source })
}

/** Why the modules of this runtime cannot be given another `net`; null where they can. */
export function whyNot(): string | null {
  for (const [name, title] of [
    ['bun', 'Bun'],
    ['deno', 'Deno'],
  ] as const) {
    const version = process.versions[name]
    if (version !== undefined) return `${title} ${version} has no hooks for its own modules`
  }
  if (internals.registerHooks || internals.register) return null
  return `Node ${process.versions.node} has no module.register; 20.6 and newer have it`
}
