// Links of Markdown pages: which lead nowhere. It fetches nothing; links to other hosts are left alone.
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** The links of a page to files, and to headings of Markdown files, that are not there. @param {string} file */
export function deadLinks(file) {
  const text = readFileSync(file, 'utf8').replaceAll(/^```.*?^```/gms, '')
  const links = [...text.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return links.filter(link => !/^[a-z]+:/.test(link) && !leadsSomewhere(file, link))
}

/** @param {string} file @param {string} link */
function leadsSomewhere(file, link) {
  const [target = '', anchor] = link.split('#')
  const to = target === '' ? file : path.resolve(path.dirname(file), decodeURI(target))
  if (!existsSync(to)) return false
  if (anchor === undefined || !to.endsWith('.md') || !statSync(to).isFile()) return true
  return headingsOf(to).includes(anchor)
}

/** @param {string} file */
function headingsOf(file) {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))
}

/** The anchor of a heading, as GitHub makes it. @param {string} heading */
export function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
}
