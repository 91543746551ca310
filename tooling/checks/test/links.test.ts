import { expect, it } from 'vitest'
import { links } from '../links.mjs'
import { planted } from './planted'

it('finds links to files and headings that are not there, and passes the others', () => {
  const page = [
    '# One heading',
    '[here](#one-heading) [there](docs/b.md#its-heading) [out](https://example.com/none)',
    '[gone](docs/c.md) [no heading](docs/b.md#other) [nor here](#two)',
    '```',
    '[in a program](nowhere.md)',
    '```',
  ]
  const top = planted({ 'a.md': page.join('\n'), 'docs/b.md': '## Its heading' })
  expect(links.violations(top)).toEqual(['a.md: docs/c.md', 'a.md: docs/b.md#other', 'a.md: #two'])
})
