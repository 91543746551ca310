// `@x/cluster/register`: loading it puts @x/cluster in the place of node:cluster for the modules that load afterwards, in this
// process and in its child processes. It knows what is put there, not how modules are answered.
import path from 'node:path'
import { answerImport, answerRequire, folderOf, makeSource, registerChildren } from '@x/core/internal'
import * as whole from './index'

const MARK_NAME = '@x/cluster.registered'
const mark = Symbol.for(MARK_NAME)

type Marked = typeof globalThis & { [mark]?: { readonly cluster: object } }

/** True in a program in which `node:cluster` is this package. */
export function isRegistered(): boolean {
  return (globalThis as Marked)[mark] !== undefined
}

if (!isRegistered()) {
  const { cluster } = whole
  Object.defineProperty(globalThis, mark, { value: { cluster }, configurable: true })
  const members = Object.keys(whole).filter(name => name !== 'default')
  const folder = folderOf(typeof __dirname === 'string' ? __dirname : undefined)
  answerRequire('cluster', cluster, folder)
  answerImport(makeSource('cluster', MARK_NAME, members))
  registerChildren(path.join(folder, 'register.js'))
}
