// Links within a built site: which lead nowhere. It reads the HTML, and fetches nothing.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * The links of all pages to pages and headings of the site that are not there, each as `page: link`.
 * @param {string} folder
 */
export function deadSiteLinks(folder) {
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.html'))
    .map(name => `/${name.split(path.sep).join('/')}`)
  const htmlOf = new Map(pages.map(page => [page, readFileSync(path.join(folder, page), 'utf8')]))
  const idsOf = new Map([...htmlOf].map(([page, html]) => [page, new Set(matches(html, / id="([^"]+)"/g))]))
  return pages.flatMap(page => {
    const links = new Set(matches(htmlOf.get(page) ?? '', /<a [^>]*href="([^"]+)"/g))
    return [...links].filter(link => !leadsSomewhere(page, link, idsOf)).map(link => `${page}: ${link}`)
  })
}

/** @param {string} text @param {RegExp} pattern */
function matches(text, pattern) {
  return [...text.matchAll(pattern)].map(([, found = '']) => found.replaceAll('&amp;', '&'))
}

/** @param {string} page @param {string} link @param {ReadonlyMap<string, ReadonlySet<string>>} idsOf */
function leadsSomewhere(page, link, idsOf) {
  const { origin, pathname, hash } = new URL(link, `http://site${page}`)
  if (origin !== 'http://site') return true
  // Pages are named without their ending.
  const file = decodeURI(pathname.endsWith('/') ? `${pathname}index.html` : pathname)
  const ids = idsOf.get(file) ?? idsOf.get(`${file}.html`)
  return ids !== undefined && (hash === '' || ids.has(decodeURIComponent(hash.slice(1))))
}
