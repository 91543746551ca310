// Checks that every public export of the published packages has a doc comment at its declaration, and each overload in the
// built declarations, which is what editors show.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { commentOf, filesIn, overloadsIn } from '../presets/overload-docs.mjs'

const published = ['packages/core', 'packages/ipc', 'packages/cluster', 'packages/testkit']

/** @type {import('./all.mjs').Check} */
export const exportsDocumented = {
  name: 'exports-documented',
  holds: 'every public export has a doc comment, and each overload where it is built',
  violations(top) {
    const entries = published.flatMap(folder => entriesOf(path.join(top, folder)))
    // Names and comments are enough: without the libraries' types this takes a fraction of a second.
    const program = ts.createProgram(entries, {
      noLib: true,
      types: [],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.Preserve,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      noEmit: true,
    })
    const checker = program.getTypeChecker()
    return [
      ...entries.flatMap(entry => undocumented(top, program, checker, entry)),
      ...published.flatMap(folder => bareOverloads(top, path.join(top, folder, 'dist'))),
    ]
  },
}

/** The source files that a package's tsup config names as its entries. @param {string} folder */
function entriesOf(folder) {
  const config = path.join(folder, 'tsup.config.mjs')
  if (!existsSync(config)) return []
  const sources = [...readFileSync(config, 'utf8').matchAll(/'(src\/[^']+\.ts)'/g)].map(
    match => match[1] ?? '',
  )
  return sources.map(source => path.join(folder, source)).filter(file => existsSync(file))
}

/** @param {string} top @param {ts.Program} program @param {ts.TypeChecker} checker @param {string} entry */
function undocumented(top, program, checker, entry) {
  const source = program.getSourceFile(entry)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) return []
  return checker.getExportsOfModule(module).flatMap(symbol => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const declaration = target.declarations?.[0]
    // From another package or from Node: documented there.
    if (declaration === undefined || declaration.getSourceFile().isDeclarationFile) return []
    // `export * as name`: a whole file, whose first line says what it is.
    const isFile = ts.isSourceFile(declaration) && /^\/[/*]/.test(declaration.text)
    const isDocumented =
      isFile || [symbol, target].some(one => one.getDocumentationComment(checker).length > 0)
    if (isDocumented) return []
    const file = declaration.getSourceFile()
    const { line } = file.getLineAndCharacterOfPosition(declaration.getStart())
    return [`${path.relative(top, file.fileName)}:${line + 1}: ${symbol.name}`]
  })
}

/**
 * Overloads of the built declarations without a comment. A method of a class that extends another may have none at all:
 * editors show what the other says. @param {string} top @param {string} built
 */
function bareOverloads(top, built) {
  if (!existsSync(built)) return []
  return filesIn(built, '.d.ts').flatMap(file =>
    overloadsIn(file).flatMap(group => {
      const bare = group.filter(one => commentOf(one) === '')
      const [first] = group
      const inherits =
        first && ts.isClassDeclaration(first.parent) && first.parent.heritageClauses !== undefined
      if (first === undefined || bare.length === 0 || (inherits && bare.length === group.length)) return []
      return [`${path.relative(top, file)}: ${bare.length} overloads of ${first.name?.getText()}`]
    }),
  )
}
