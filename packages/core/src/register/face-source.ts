// The module that `import 'node:net'` (or of another module of Node) gives in a registered program, as source text in a URL,
// and the hook that answers with it. It runs in whatever thread Node runs hooks in, and shares nothing with it.

/** What the hook has to know; it can be cloned. */
export interface FaceSource {
  /** The module of Node in whose place it is: `net`. */
  readonly name: string
  /** The module's URL, which holds its source: no hook has to load it. */
  readonly url: string
}

/** Whether a specifier means a module of Node. */
export function means(specifier: string, name: string): boolean {
  return specifier === name || specifier === `node:${name}`
}

/** A module whose exports are the members of the object that is found under a symbol of the global object, by its name. */
export function makeSource(name: string, markName: string, members: readonly string[]): FaceSource {
  const exports = members.map(member => `export const ${member} = face.${member}`)
  const lookup = `const { ${name}: face } = globalThis[Symbol.for(${JSON.stringify(markName)})]`
  const text = [lookup, 'export default face', ...exports].join('\n')
  return { name, url: `data:text/javascript,${encodeURIComponent(text)}` }
}

interface ResolveContext {
  /** An array; for `require`, a Set in Node 22.15 to 24.4. */
  readonly conditions?: Iterable<string>
}

type Resolve = <Context extends ResolveContext, Answer>(
  specifier: string,
  context: Context,
  next: (specifier: string, context: Context) => Answer,
) => Answer | { url: string; format: string; shortCircuit: true }

/**
 * The hook. A `require` is left alone, since `Module._load` answers it.
 *
 * There is no hook for loading: with one, Node 22.15 to 24.7 load CommonJS modules that are imported in another way, which
 * crashes.
 */
export function answersFor({ name, url }: FaceSource): Resolve {
  return (specifier, context, next) => {
    if (!means(specifier, name) || new Set(context.conditions).has('require')) return next(specifier, context)
    return { url, format: 'module', shortCircuit: true }
  }
}
