// Editors show the comment of the overload that is called, and sources have one comment, at the implementation, which no
// declaration file keeps. This gives each overload of a built package that comment. It writes no text of its own.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

/** @typedef {ts.FunctionDeclaration | ts.MethodDeclaration | ts.MethodSignature} Callable */

/** @param {ts.Node} node @returns {node is Callable} */
export function isCallable(node) {
  return ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isMethodSignature(node)
}

/** The doc comment of a declaration, as it stands there; '' where there is none. @param {ts.Node} node */
export function commentOf(node) {
  const comment = ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc)
  return comment === undefined ? '' : comment.getText()
}

/** Name, parameters and result: what an overload is known by, in its source and in its declaration. @param {Callable} node */
function signatureOf(node) {
  const parameters = node.parameters.map(one => one.getText()).join(',')
  const text = `${node.name?.getText()}(${parameters}):${node.type?.getText()}`
  return text.replaceAll(/\s|\$\d+/g, '')
}

/** @param {string} file @param {(node: ts.Node) => void} visit */
export function eachNode(file, visit) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  /** @param {ts.Node} node */
  const walk = node => {
    visit(node)
    ts.forEachChild(node, walk)
  }
  walk(source)
}

/** @param {string} folder @param {string} ending */
export function filesIn(folder, ending) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending))
    .map(name => path.join(folder, name))
}

/** Declarations of one name that stand together: overloads, and their implementation. @param {string} file */
export function overloadsIn(file) {
  /** @type {Callable[][]} */
  const groups = []
  eachNode(file, node => {
    if (!isCallable(node)) return
    const last = groups.at(-1)
    const before = last?.[0]
    if (before?.parent === node.parent && before.name?.getText() === node.name?.getText()) last?.push(node)
    else groups.push([node])
  })
  return groups.filter(group => group.length > 1)
}

/** Overload to comment, from the sources of a package. @param {string} folder @returns {Map<string, string>} */
function commentsOf(folder) {
  /** @type {Map<string, string>} */
  const comments = new Map()
  for (const file of filesIn(folder, '.ts')) {
    for (const group of overloadsIn(file)) {
      const comment = group.map(commentOf).findLast(text => text !== '')
      if (comment !== undefined) for (const one of group) comments.set(signatureOf(one), comment)
    }
  }
  return comments
}

/** Adds the comments of `sources` to the declarations under `built`. @param {string} sources @param {string} built */
export function documentOverloads(sources, built) {
  const comments = commentsOf(sources)
  for (const file of filesIn(built, '.d.ts')) {
    /** @type {{ at: number, comment: string }[]} */
    const missing = []
    eachNode(file, node => {
      if (!isCallable(node) || commentOf(node) !== '') return
      const comment = comments.get(signatureOf(node))
      if (comment !== undefined) missing.push({ at: node.getStart(), comment })
    })
    if (missing.length === 0) continue
    let text = readFileSync(file, 'utf8')
    for (const { at, comment } of missing.reverse())
      text = `${text.slice(0, at)}${comment}\n${text.slice(at)}`
    writeFileSync(file, text)
  }
}
