// Checks that links of the repository's pages lead to files and headings that are there.
import path from 'node:path'
import { deadLinks } from '../presets/links.mjs'
import { trackedFiles } from './tracked.mjs'

/** @type {import('./all.mjs').Check} */
export const links = {
  name: 'links',
  holds: 'links of pages lead to files and headings that are there',
  violations(top) {
    return trackedFiles(top)
      .filter(name => name.endsWith('.md') && !name.startsWith('.changeset/'))
      .flatMap(page => deadLinks(path.join(top, page)).map(link => `${page}: ${link}`))
  },
}
