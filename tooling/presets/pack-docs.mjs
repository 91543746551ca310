#!/usr/bin/env node
// Before a package is packed: brings the pages of docs/ that its README leads to into the package, and points the links at
// them. `--undo`, after packing, takes that back. It changes no text but links.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')
const README = 'README.md'
const kept = '.README.md.kept'

if (process.argv.includes('--undo')) undo()
else bring()

function undo() {
  rmSync('docs', { recursive: true, force: true })
  if (existsSync(kept)) renameSync(kept, README)
}

function bring() {
  undo() // what a run that was killed has left
  const readme = readFileSync(README, 'utf8')
  /** @type {string[]} */
  const pages = []
  const text = relinked(readme, process.cwd(), process.cwd(), pages)
  mkdirSync('docs')
  for (let next = 0; next < pages.length; next++) {
    const page = path.join(root, 'docs', pages[next] ?? '')
    writeFileSync(
      path.join('docs', pages[next] ?? ''),
      relinked(readFileSync(page, 'utf8'), path.dirname(page), path.resolve('docs'), pages),
    )
  }
  writeFileSync(kept, readme)
  writeFileSync(README, text)
}

/**
 * The text of a page of the repository as it stands in the package: links to pages of docs/ lead to the package's own
 * copies, which are added to `pages`; links to other files of the repository become their text.
 * @param {string} text @param {string} from the page's folder @param {string} to its folder in the package
 * @param {string[]} pages
 */
function relinked(text, from, to, pages) {
  return text.replaceAll(/\[([^\]]*)\]\(([^)\s#]+)(#[^)]*)?\)/g, (link, title, target, anchor = '') => {
    if (/^[a-z]+:/.test(target)) return link
    const file = path.resolve(from, target)
    const page = path.relative(path.join(root, 'docs'), file)
    if (page.startsWith('..') || !page.endsWith('.md')) {
      const isOwn = !path.relative(process.cwd(), file).startsWith('..') && existsSync(file)
      return isOwn ? link : title
    }
    if (!pages.includes(page)) pages.push(page)
    const copy = path.relative(to, path.resolve('docs', page)).split(path.sep).join('/')
    return `[${title}](${copy}${anchor})`
  })
}
