// Makes the site of docs/, the packages' READMEs and the doc comments of the built types: VitePress and TypeDoc do it.
// A link that leads nowhere fails it.
//   pnpm run docs        writes site/; any server of files shows it
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bring } from '@x/run/npm-cache'
import { root, workspacePackages } from '@x/run/workspace'
import { configuration, home } from './configuration.mjs'
import { deadSiteLinks } from './site-links.mjs'

const isCore = (/** @type {{ manifest: { name: string } }} */ { manifest }) => manifest.name === '@x/core'
/** What the others stand on comes first. */
const published = workspacePackages()
  .filter(({ manifest }) => manifest.private !== true)
  .sort((a, b) => Number(isCore(b)) - Number(isCore(a)))
/** The examples, each a folder with a README. */
const examples = readdirSync(path.join(root, 'examples'), { withFileTypes: true })
  .filter(entry => entry.isDirectory() && entry.name !== 'node_modules')
  .map(entry => entry.name)
/** Where the files of the repository are on the site. @type {Readonly<Record<string, string>>} */
const places = {
  'README.md': 'overview.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
  ...placed('examples', 'examples/index.md'),
  ...Object.assign({}, ...examples.map(name => placed(`examples/${name}`, `examples/${name}.md`))),
  ...placed('apps/demo', 'demo.md'),
  ...Object.assign(
    {},
    ...published.map(({ folder, manifest }) =>
      placed(path.relative(root, folder), `packages/${short(manifest.name)}.md`),
    ),
  ),
}

/** A folder and its README, which are one page. @param {string} folder @param {string} page */
function placed(folder, page) {
  return { [folder]: page, [`${folder}/README.md`]: page }
}

/** A table of more columns than this does not fit beside the list of a page's headings on a screen of 1,280 pixels. */
const WIDE_COLUMNS = 7

const specs = [
  ...['vitepress@1.6.4', 'vitepress-plugin-mermaid@2.0.17', 'mermaid@11.12.2'],
  ...['typedoc@0.28.20', 'typedoc-plugin-markdown@4.14.1', 'typescript@6.0.3'],
]
const tools = path.dirname(await bring('site-2', specs))
const work = mkdtempSync(path.join(tmpdir(), 'x-site-'))
try {
  symlinkSync(tools, path.join(work, 'node_modules'), 'dir')
  pages()
  reference()
  mkdirSync(path.join(work, '.vitepress'))
  const packages = published.map(({ manifest }) => manifest.name)
  const settings = JSON.stringify(configuration(packages, examples), null, 2)
  const text = `import { withMermaid } from 'vitepress-plugin-mermaid'
import { anchorOf } from ${JSON.stringify(import.meta.resolve('@x/presets/links'))}
// The pages are read on GitHub as well: a heading has the same anchor there.
const settings = ${settings}
// Questions are answered by guides: members of the API that are called alike come after them.
const boostDocument = id => (/^\\/api\\//.test(id) ? 0.2 : 1)
settings.themeConfig.search.options = { miniSearch: { searchOptions: { boostDocument } } }
export default withMermaid({ ...settings, markdown: { anchor: { slugify: anchorOf } } })
`
  writeFileSync(path.join(work, '.vitepress/config.mjs'), text)
  writeFileSync(path.join(work, 'package.json'), '{ "type": "module" }\n')
  tool('vitepress/bin/vitepress.js', ['build', '--outDir', path.join(root, 'site')])
  const dead = deadSiteLinks(path.join(root, 'site'))
  for (const link of dead) console.error(link)
  if (dead.length > 0) process.exitCode = 1
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** @param {string} file @param {readonly string[]} words */
function tool(file, words) {
  execFileSync(process.execPath, [path.join(tools, file), ...words], { cwd: work, stdio: 'inherit' })
}

/** The pages of docs/, one for each package, and those of the repository that the pages lead to. */
function pages() {
  cpSync(path.join(root, 'docs'), work, { recursive: true })
  for (const name of readdirSync(work).filter(file => file.endsWith('.md')))
    page(path.join('docs', name), name)
  for (const [from, to] of Object.entries(places)) if (from.endsWith('.md')) page(from, to)
  const about = published.map(({ folder }) =>
    JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')),
  )
  writeFileSync(path.join(work, 'index.md'), `---\n${JSON.stringify(home(about))}\n---\n`)
}

/** Copies a page of the repository, with its links as the site has them. @param {string} from @param {string} to */
function page(from, to) {
  const text = readFileSync(path.join(root, from), 'utf8').replaceAll(
    /\[([^\]]*)\]\(([^)\s#]+)(#[^)]*)?\)/g,
    (link, title, target, anchor = '') => {
      if (/^[a-z]+:/.test(target)) return link
      const file = path.join(path.dirname(from), target).replace(/\/$/, '')
      const place = places[file] ?? (file.startsWith('docs/') ? file.slice('docs/'.length) : undefined)
      if (place === undefined) return title
      return `[${title}](/${place.replace(/\.md$/, '')}${anchor})`
    },
  )
  mkdirSync(path.dirname(path.join(work, to)), { recursive: true })
  writeFileSync(path.join(work, to), hasWideTable(text) ? `---\naside: false\n---\n${text}` : text)
}

/** Whether a table needs the width that the list of headings would take. @param {string} text */
function hasWideTable(text) {
  return text.split('\n').some(line => (line.match(/\|/g)?.length ?? 0) > WIDE_COLUMNS)
}

/** The API reference, from the declarations that users get. */
function reference() {
  for (const { folder, manifest } of published) {
    const { exports } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    // Each entry as a module of its own name; the index has the package's.
    const modules = path.join(work, 'entries', short(manifest.name))
    mkdirSync(modules, { recursive: true })
    const files = Object.entries(exports).flatMap(([entry, target]) => {
      if (typeof target !== 'object' || entry === './internal') return []
      const file = path.join(modules, `${entry === '.' ? short(manifest.name) : entry.slice(2)}.d.ts`)
      const types = path.join(folder, target.require.types).replace(/\.d\.ts$/, '')
      writeFileSync(file, `export * from ${JSON.stringify(types)}\n`)
      return [file]
    })
    const tsconfig = path.join(work, `tsconfig-${short(manifest.name)}.json`)
    const compilerOptions = {
      module: 'preserve',
      moduleResolution: 'bundler',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      typeRoots: [path.join(root, 'node_modules/@types')],
      skipLibCheck: true,
      strict: true,
    }
    writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files }))
    const options = {
      entryPoints: files,
      out: path.join(work, 'api', short(manifest.name)),
      plugin: ['typedoc-plugin-markdown'],
      tsconfig,
      readme: 'none',
      name: manifest.name,
      router: 'module',
      hideBreadcrumbs: true,
      entryFileName: 'index',
      sanitizeComments: true,
      disableSources: true,
      excludeExternals: true,
      skipErrorChecking: true,
      logLevel: 'Error',
    }
    const file = path.join(work, `typedoc-${short(manifest.name)}.json`)
    writeFileSync(file, JSON.stringify(options))
    tool('typedoc/bin/typedoc', ['--options', file])
    for (const name of readdirSync(options.out, { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.md')) mendAnchors(path.join(options.out, name))
    rmSync(modules, { recursive: true })
  }
}

/**
 * Links to the second of two headings that differ in case alone: the plugin counts what has no heading too.
 * @param {string} file
 */
function mendAnchors(file) {
  const text = readFileSync(file, 'utf8')
  const headings = [...text.matchAll(/^#+ (\w+)/gm)].map(([, name = '']) => name.toLowerCase())
  const mended = text.replaceAll(/\(#(\w+)-(\d+)\)/g, (link, name, count) =>
    headings.filter(heading => heading === name).length > Number(count) ? link : `(#${name})`,
  )
  writeFileSync(file, mended)
}

/** @param {string} name */
function short(name) {
  return name.replace('@x/', '')
}
