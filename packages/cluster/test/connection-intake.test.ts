// What a worker says of its room, on a channel that the test looks at.
import { Socket } from 'node:net'
import type { Transport } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import type { ControlEndpoint } from '../src/both/control-endpoint'
import type { FromWorker } from '../src/both/messages'
import { ConnectionIntake } from '../src/worker/connection-intake'

/** An intake with servers that hold nothing, and what it says. */
function setUp() {
  const said: FromWorker[] = []
  const control = { notify: (message: FromWorker) => said.push(message) > 0 }
  const intake = new ConnectionIntake({
    transport: { descriptors: null } as Transport,
    linkFd: -1,
    control: control as unknown as ControlEndpoint<FromWorker>,
    connections: () => 0,
  })
  const open = (listener: number, server: { isFull: boolean }): void =>
    intake.open(listener, {
      hasRoom: () => !server.isFull,
      adopt: () => () => {},
      adoptSocket: () => () => {},
    })
  return { said, intake, open }
}

describe('the intake of a worker', () => {
  it('tells once that a server which was full has room, though it holds as many as before', () => {
    const { said, intake, open } = setUp()
    const server = { isFull: true }
    open(1, server)
    open(2, { isFull: false })
    intake.takeSocket(1, 1, new Socket())
    expect(said.splice(0)).toMatchObject([{ act: 'taken', isTaken: false, why: 'full' }])
    intake.tellConnections()
    expect(said).toEqual([])
    server.isFull = false
    intake.tellConnections()
    intake.tellConnections()
    expect(said).toEqual([{ act: 'connections', connections: 0 }])
  })

  it('tells of what was lost on its way once the next connection comes, or once it is told what was sent', () => {
    const { said, intake, open } = setUp()
    open(1, { isFull: false })
    intake.takeSocket(1, 1, new Socket())
    intake.checkDelivered(1)
    intake.takeSocket(1, 4, new Socket())
    intake.checkDelivered(5)
    intake.checkDelivered(5)
    const answers = said.map(message => message.act === 'taken' && [message.id, message.isTaken, message.why])
    expect(answers).toEqual([
      [1, true, 'full'],
      [2, false, 'shortage'],
      [3, false, 'shortage'],
      [4, true, 'full'],
      [5, false, 'shortage'],
    ])
  })

  it('tells nothing of a server that is closed', () => {
    const { said, intake, open } = setUp()
    const server = { isFull: true }
    open(1, server)
    intake.takeSocket(1, 1, new Socket())
    intake.close(1)
    server.isFull = false
    said.length = 0
    intake.tellConnections()
    expect(said).toEqual([])
  })
})
