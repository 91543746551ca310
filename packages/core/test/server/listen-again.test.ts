import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createServer } from '../../src'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'x-core-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

it.each(['TCP', 'a path'])('[S10] listens again after an error, without close(), on %s', async kind => {
  const other = createServer()
  other.listen(kind === 'TCP' ? { port: 0, host: '127.0.0.1' } : { path: join(temporaryFolder(), 's') })
  await once(other, 'listening')
  const address = other.address()
  const place = typeof address === 'string' ? { path: address } : { port: address!.port, host: '127.0.0.1' }

  const server = createServer()
  server.listen(place)
  const [error] = await once(server, 'error')
  expect(error).toMatchObject({ code: 'EADDRINUSE' })
  other.close()
  await once(other, 'close')

  server.listen(place)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
})
