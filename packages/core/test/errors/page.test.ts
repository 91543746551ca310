// docs/errors.md and the tables of codes in the sources name the same codes.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { codes } from '../../src/errors/codes'

const root = path.resolve(import.meta.dirname, '../../../..')
const page = readFileSync(path.join(root, 'docs/errors.md'), 'utf8')

/** Code to class, from the rows of the page's tables. */
const onPage = new Map(
  [...page.matchAll(/^\| `(ERR_\w+)` \| `(\w+)` \|/gm)].map(([, code, base]) => [code!, base!] as const),
)

/** Code to class, from the tables that a package's sources define. */
function defined(packageName: string): [code: string, base: string][] {
  const folder = path.join(root, 'packages', packageName, 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.ts'),
  )
  return files.flatMap(file => {
    const source = readFileSync(path.join(folder, file), 'utf8')
    const rules = source.matchAll(/^ {2}(ERR_\w+): \{\s*base: (\w+)/gm)
    return [...rules].map(([, code, base]) => [code!, base!] as [string, string])
  })
}

it('lists every code of every package with its class, and no other', () => {
  const inSources = new Map(readdirSync(path.join(root, 'packages')).flatMap(defined))
  expect([...inSources.keys()]).toEqual(expect.arrayContaining(Object.keys(codes)))
  expect(Object.fromEntries([...onPage].sort())).toEqual(Object.fromEntries([...inSources].sort()))
})

it('tells for every code when it comes and what to do', () => {
  const rows = [...page.matchAll(/^\| `ERR_\w+` \|(.*)\|$/gm)].map(([, row]) =>
    row!.split('|').map(cell => cell.trim()),
  )
  expect(rows).toHaveLength(onPage.size)
  for (const row of rows) expect(row.map(cell => cell.length > 0)).toEqual([true, true, true])
})
