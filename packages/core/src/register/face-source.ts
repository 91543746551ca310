// The module that `import 'node:net'` gives in a registered program, as source text, and the two hooks that put it there.
// They run in whatever thread Node runs hooks in, and share nothing with it.

/** What the hooks have to know; it can be cloned. */
export interface FaceSource {
  readonly text: string
}

const FACE_URL = 'x-core:net'

export function isNet(specifier: string): boolean {
  return specifier === 'net' || specifier === 'node:net'
}

/** A module whose exports are the members of the object that is found under a symbol of the global object. */
export function makeSource(markName: string, members: readonly string[]): FaceSource {
  const exports = members.map(name => `export const ${name} = net.${name}`)
  const lookup = `const { net } = globalThis[Symbol.for(${JSON.stringify(markName)})]`
  return { text: [lookup, 'export default net', ...exports].join('\n') }
}

interface ResolveContext {
  readonly conditions?: readonly string[]
}

interface Hooks {
  resolve<Context extends ResolveContext, Answer>(
    specifier: string,
    context: Context,
    next: (specifier: string, context: Context) => Answer,
  ): Answer | { url: string; format: string; shortCircuit: true }
  load<Context, Answer>(
    url: string,
    context: Context,
    next: (url: string, context: Context) => Answer,
  ): Answer | { format: string; source: string; shortCircuit: true }
}

/** The hooks; a `require` is left alone, since Module._load answers it. */
export function answersFor({ text }: FaceSource): Hooks {
  return {
    resolve(specifier, context, next) {
      const isImport = context.conditions?.includes('import') ?? true
      if (isNet(specifier) && isImport) return { url: FACE_URL, format: 'module', shortCircuit: true }
      return next(specifier, context)
    },
    load(url, context, next) {
      if (url === FACE_URL) return { format: 'module', source: text, shortCircuit: true }
      return next(url, context)
    },
  }
}
