// Sockets that are made in one way have one hidden class, or each look at one of their members is a slow one.
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { connect, createServer, type Server, Socket } from '../../src'

setFlagsFromString('--allow-natives-syntax')
const haveSameShape = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean
setFlagsFromString('--no-allow-natives-syntax')

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

describe('the shape of sockets', () => {
  it('is one for those of `new Socket`, and tells others apart', () => {
    expect(haveSameShape(new Socket(), new Socket())).toBe(true)
    expect(haveSameShape(new Socket(), Object.assign(new Socket(), { more: 1 }))).toBe(false)
  })

  it('is one for those of a subclass', () => {
    class Mine extends Socket {}
    expect(haveSameShape(new Mine(), new Mine())).toBe(true)
  })

  it('is one for those that a server accepts, and one for those that connect', async () => {
    const accepted: Socket[] = []
    const server = createServer(socket => accepted.push(socket))
    const port = await listening(server)
    const clients: Socket[] = []
    for (let i = 0; i < 2; i++) {
      const client = connect(port, '127.0.0.1')
      clients.push(client)
      await Promise.all([once(client, 'connect'), once(server, 'connection')])
    }
    expect(haveSameShape(accepted[0]!, accepted[1]!)).toBe(true)
    expect(haveSameShape(clients[0]!, clients[1]!)).toBe(true)
    for (const client of clients) client.destroy()
    server.close()
    await once(server, 'close')
  })
})
