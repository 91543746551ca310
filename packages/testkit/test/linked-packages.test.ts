// Packages that are linked into a project (npm link, a workspace): vitest takes their files for the project's own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.join(__dirname, '..')
const vitest = path.dirname(createRequire(__filename).resolve('vitest/package.json'))

const TEST = `
import { once } from 'node:events'
import net, { connect, createServer } from '@x/core'
import { failOnLeaks, memoryNetwork, simulate } from '@x/testkit'
import { aroundEach, expect, it } from 'vitest'

failOnLeaks({ aroundEach })

it('has one copy of each class', async () => {
  const transport = memoryNetwork()
  const server = createServer({ transport }, socket => socket.end('hello')).listen(80)
  const client = connect({ port: 80, transport })
  expect(client).toBeInstanceOf(net.Socket)
  expect(String((await once(client, 'data'))[0])).toBe('hello')
  server.close()
})

it('simulates', async () => {
  const { value } = await simulate({}, async ({ host, clock }) => {
    host('server', () => void createServer(socket => socket.pipe(socket)).listen(80))
    await clock.sleep(1)
    const socket = connect(80, 'server')
    socket.write('hello')
    return String((await once(socket, 'data'))[0])
  })
  expect(value).toBe('hello')
})
`

describe('linked packages', () => {
  it('[T1] work in vitest without a setting', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'x-linked-'))
    try {
      mkdirSync(path.join(folder, 'node_modules', '@x'), { recursive: true })
      const link = (to: string, name: string) =>
        symlinkSync(to, path.join(folder, 'node_modules', ...name.split('/')), 'junction')
      link(path.join(root, '..', 'core'), '@x/core')
      link(root, '@x/testkit')
      link(vitest, 'vitest')
      writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
      writeFileSync(path.join(folder, 'linked.test.mjs'), TEST)
      const args = [path.join(vitest, 'vitest.mjs'), 'run', '--root', folder, '--reporter=json']
      const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      child.stdout.on('data', chunk => {
        said += chunk
      })
      await once(child, 'close')
      const { numPassedTests, testResults } = JSON.parse(said.slice(said.indexOf('{')))
      expect(testResults.filter(({ status }: { status: string }) => status !== 'passed')).toEqual([])
      expect(numPassedTests).toBe(2)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
