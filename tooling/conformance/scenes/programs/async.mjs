// Sockets of `net` with what Node has for looking into a program: async contexts, channels of diagnostics, inspection.
import { AsyncLocalStorage, AsyncResource, executionAsyncId } from 'node:async_hooks'
import channel from 'node:diagnostics_channel'
import { once } from 'node:events'
import net from 'node:net'
import { inspect, types } from 'node:util'
import { deferred, scene, textOf, turns } from '../scene.mjs'

const store = new AsyncLocalStorage()

scene('the context of callbacks', async stage => {
  const server = net.createServer()
  const port = await stage.listen(server)
  server.on('connection', socket => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  const over = deferred()
  store.run('made', () => {
    const client = net.connect(port, '127.0.0.1', () => stage.log('connect', store.getStore()))
    for (const event of ['ready', 'data', 'end', 'finish', 'close'])
      client.on(event, () => stage.log(event, store.getStore()))
    client.on('connect', () =>
      store.run('writing', () => {
        client.write('a', () => stage.log('write', store.getStore()))
        store.run('corked', () => {
          client.cork()
          client.write('b', () => stage.log('corked', store.getStore()))
          process.nextTick(() => client.uncork())
        })
        store.run('timer', () =>
          client.setTimeout(1, () => {
            stage.log('timeout', store.getStore())
            store.run('ending', () => client.end(() => stage.log('ended', store.getStore() !== undefined)))
          }),
        )
      }),
    )
    client.on('close', over.resolve)
  })
  await over.promise
})

scene('the context of servers', async stage => {
  const server = store.run('server', () => net.createServer())
  store.run('listen', () => server.listen(0, '127.0.0.1', () => stage.log('listening', store.getStore())))
  await once(server, 'listening')
  const bound = AsyncResource.bind(() => stage.log('bound', store.getStore()))
  server.on('connection', socket => {
    stage.log('connection', executionAsyncId() > 0)
    bound()
    store.run('one', () =>
      socket.on('data', async () => {
        await turns(1)
        socket.end('x')
      }),
    )
  })
  stage.log(
    'client',
    await store.run('client', async () => {
      const client = net.connect(server.address().port, '127.0.0.1')
      client.write('y')
      const text = await textOf(client)
      return [text, store.getStore()]
    }),
  )
  await new Promise(resolve => store.run('closing', () => server.close(() => resolve(undefined))))
})

scene('the context of many at once', async stage => {
  const server = net.createServer(socket => socket.on('data', data => socket.write(data, () => {})))
  const port = await stage.listen(server)
  const right = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      store.run(i, async () => {
        const client = net.connect(port, '127.0.0.1')
        let isRight = true
        for (let times = 0; times < 5; times++) {
          await new Promise(resolve =>
            client.write(`${i}`, () => {
              isRight &&= store.getStore() === i
              resolve()
            }),
          )
          const [data] = await once(client, 'data')
          isRight &&= store.getStore() === i && String(data) === `${i}`
        }
        client.destroy()
        return isRight
      }),
    ),
  )
  stage.log('client', right.every(Boolean))
})

scene('channels of diagnostics', async stage => {
  const names = [
    'net.client.socket',
    'net.server.socket',
    'tracing:net.server.listen:asyncStart',
    'tracing:net.server.listen:asyncEnd',
    'tracing:net.server.listen:error',
  ]
  const heard = (message, name) =>
    stage.log(
      String(name),
      Object.keys(message),
      message.socket instanceof net.Socket,
      message.server instanceof net.Server,
      message.error,
    )
  for (const name of names) channel.subscribe(name, heard)
  stage.after(() => {
    for (const name of names) channel.unsubscribe(name, heard)
  })
  const server = net.createServer(socket => socket.end())
  const port = await stage.listen(server)
  const client = net.connect(port, '127.0.0.1').resume()
  await once(client, 'close')
  const second = net.createServer()
  second.listen(port, '127.0.0.1')
  stage.log('scene', ...(await once(second, 'error')))
  const refused = net.connect('/nowhere/at/all')
  stage.log('scene', ...(await once(refused, 'error')))
  new net.Socket()
})

scene('inspection', async stage => {
  const server = net.createServer(socket => socket.end())
  const port = await stage.listen(server)
  const client = net.connect(port, '127.0.0.1').resume()
  const heads = value => inspect(value, { depth: -1 })
  stage.log(
    'scene',
    heads(client),
    heads(server),
    heads(net.Socket),
    heads(net.Server),
    heads(new net.BlockList()),
    heads(new net.SocketAddress()),
  )
  stage.log('scene', inspect(client, { depth: 5, showHidden: true }).length > 100)
  stage.log(
    'scene',
    Object.prototype.toString.call(client),
    String(client),
    types.isProxy(client),
    client.constructor === net.Socket,
    client.constructor.name,
  )
  stage.log(
    'scene',
    inspect(new net.SocketAddress({ address: '1.2.3.4', port: 5 })),
    inspect(new net.BlockList()),
  )
  stage.log(
    'scene',
    JSON.stringify(server.address()) === JSON.stringify({ address: '127.0.0.1', family: 'IPv4', port }),
    typeof JSON.stringify(new net.BlockList()),
  )
  for (const value of [client, server]) {
    try {
      structuredClone(value)
      stage.log('scene', 'cloned')
    } catch (error) {
      stage.log('scene', error.name)
    }
  }
  await once(client, 'close')
  stage.log('scene', inspect(new net.Socket().destroy(new Error('x')).on('error', () => {})).length > 100)
})

scene('what keeps a process', async stage => {
  const server = net.createServer()
  stage.log('scene', server.ref() === server, server.unref() === server)
  const port = await stage.listen(server)
  const before = process.getActiveResourcesInfo().length
  const client = net.connect(port, '127.0.0.1')
  await once(client, 'connect')
  stage.log(
    'scene',
    process.getActiveResourcesInfo().length >= before,
    client.unref() === client,
    client.ref() === client,
  )
  client.destroy()
  await once(client, 'close')
})

scene('replaced globals', async stage => {
  const server = net.createServer(socket => socket.pipe(socket))
  const port = await stage.listen(server)
  const kept = { nextTick: process.nextTick, setImmediate, queueMicrotask, setTimeout, clearTimeout, Date }
  const { promise, resolve } = deferred()
  stage.after(() => {
    process.nextTick = kept.nextTick
    Object.assign(globalThis, { ...kept, nextTick: undefined })
  })
  for (const name of ['setImmediate', 'queueMicrotask', 'setTimeout', 'clearTimeout'])
    globalThis[name] = () => {}
  const client = net.connect(port, '127.0.0.1', () => client.end('hello', () => stage.log('client', 'ended')))
  client.on('data', data => stage.log('client', data))
  client.setTimeout(1, () => {})
  client.on('close', resolve)
  await promise
})
