import { once } from 'node:events'
import { expect, it } from 'vitest'
import { connect, createServer, type Server } from '../../src'
import { defaultTransport } from '../../src/process-state'
import { canPause, temporaryPath } from '../bed'

it.each(['TCP', 'a path'])('[S10] listens again after an error, without close(), on %s', async kind => {
  const other = createServer()
  other.listen(kind === 'TCP' ? { port: 0, host: '127.0.0.1' } : { path: temporaryPath() })
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

it('[S10] two servers on one listener: the last to listen has the connections, and after it the other', async () => {
  const names: string[] = []
  const arrived: (() => void)[] = []
  const made = (name: string): Server =>
    createServer(socket => {
      names.push(name)
      socket.destroy()
      arrived.shift()?.()
    })
  const [first, second] = [made('first'), made('second')]
  first.listen(0, '127.0.0.1')
  await once(first, 'listening')
  const { port } = first.address() as { port: number }
  const visit = async (): Promise<void> => {
    const came = new Promise<void>(resolve => arrived.push(resolve))
    const client = connect(port, '127.0.0.1').on('error', () => {})
    await came
    client.destroy()
  }
  // Whoever does not have the connections pauses nobody.
  const pauses = canPause(defaultTransport())
  if (pauses) first.pauseAccept()
  second.listen(first)
  await once(second, 'listening')
  await visit()
  if (pauses) second.pauseAccept()
  second.close()
  if (pauses) first.resumeAccept()
  await visit()
  second.listen(first)
  await once(second, 'listening')
  first.close()
  if (pauses) second.resumeAccept()
  await visit()
  expect(names).toEqual(['second', 'first', 'second'])
  second.close()
})
