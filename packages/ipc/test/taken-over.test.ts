// Connections that a channel with handles has taken over from their server: they count, and need no room to begin.
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect as netConnect } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Channel, connect, createChannel, createRawHandoff, listen } from '../src/index'
import { ending } from './channels'
import { Program } from './processes'
import { ability, temporaryFolder } from './wires'

const { isAble, why } = ability('handoff', 'descriptors')
let folder = ''
let remove = () => {}

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
})
afterEach(() => remove())

const at = () => path.join(folder, 's')

describe.skipIf(!isAble)(`a connection whose channel carries handles${why}`, () => {
  it('[I4] counts as one of its server until the channel ends', async () => {
    const channels: Channel[] = []
    const server = await listen(at(), {}, socket => {
      channels.push(...ending(createChannel(socket, { handles: true })))
    })
    server.maxConnections = 2
    const count = () => new Promise(resolve => server.getConnections((_error, number) => resolve(number)))
    const dial = async () => {
      const peer = netConnect(at()).on('error', () => {})
      onTestFinished(() => void peer.destroy())
      await once(peer, 'connect')
      return peer
    }
    const dropped = once(server, 'drop')
    const peers = [await dial(), await dial(), await dial()]
    await dropped
    expect([channels.length, await count()]).toEqual([2, 2])
    const closed = once(channels[0]!, 'close')
    peers[0]!.destroy()
    await closed
    // The system closes it a little later.
    while ((await count()) !== 1) await new Promise(resolve => setImmediate(resolve))
    const taken = once(server, 'connection')
    await dial()
    await taken
    expect(channels).toHaveLength(3)
    // As it is no socket of the server's any more, closing does not wait for it.
    server.close()
    await once(server, 'close')
    expect(channels[1]!.ending).toBeNull()
  })

  it.skipIf(process.platform !== 'linux')(
    '[I4] begins once there is room where there is no descriptor left for it',
    async () => {
      const starter = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
      const program = new Program('crowded.mjs', { args: [at()], starter })
      expect(await program.line()).toBe('listening')
      const [channel] = ending(createChannel(await connect(at())))
      void channel.send('sent before there was room')
      expect(await program.line()).toBe('full EMFILE')
      expect(await program.line()).toBe('shortage EMFILE')
      expect(await program.line()).toBe('message sent before there was room')
      expect((await channel.request('echo')).value).toBe('echo')
      await channel.close()
      expect(await program.ended()).toBe(0)
    },
  )

  it.skipIf(process.platform !== 'linux')(
    '[I4] that ends before there is room leaves nothing open',
    async () => {
      const starter = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
      const program = new Program('crowded.mjs', { args: [at()], starter })
      expect(await program.line()).toBe('listening')
      const peer = netConnect(at())
      peer.on('error', () => {})
      expect(await program.line()).toBe('full EMFILE')
      peer.destroy()
      expect(await program.line()).toBe('shortage EMFILE')
      expect(await program.ended()).toBe(0)
    },
  )

  it.skipIf(process.platform !== 'linux')(
    '[I4] says of a raw handoff that descriptors found no room',
    async () => {
      const starter = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
      const program = new Program('crowded.mjs', { args: [at(), 'raw'], starter })
      expect(await program.line()).toBe('listening')
      const link = createRawHandoff(await connect(at()))
      onTestFinished(() => link.destroy())
      // It has no room left once it has said so.
      await once(link, 'data')
      const fd = openSync('/dev/null', 'r')
      await link.send(Buffer.from('with one'), [fd])
      closeSync(fd)
      expect(await program.line()).toBe('full EMFILE')
      expect(await program.line()).toBe('data with one 0 true')
      expect(await program.ended()).toBe(0)
    },
  )
})
