// Processes and sockets of `net`: what children write comes through sockets, processes that exit.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { deferred, scene, textOf } from '../scene.mjs'

/** A child that runs this text, registered as this process is. @param {string} text @param {import('node:child_process').SpawnOptions} [options] */
const child = (text, options = {}) =>
  spawn(process.execPath, ['-e', `const net = require('node:net'); ${text}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...options,
  })

scene('the output of a child through a socket', async stage => {
  const exit = deferred()
  const server = net.createServer({ allowHalfOpen: true }, socket => {
    const cat = spawn('cat')
    socket.pipe(cat.stdin)
    cat.stdout.pipe(socket)
    cat.on('exit', exit.resolve)
  })
  const port = await stage.listen(server)
  const client = net.connect(port, '127.0.0.1')
  client.end(Buffer.alloc(500_000, 'x'))
  stage.log('client', (await textOf(client)).length)
  stage.log('child', 'exit', await exit.promise)
})

scene('a child that serves, and is asked to stop', async stage => {
  const serves =
    child(`const server = net.createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1', () => console.log(server.address().port));
    process.on('SIGTERM', () => server.close(() => process.exit(7)))`)
  const [port] = await once(serves.stdout, 'data')
  const client = net.connect(Number(port), '127.0.0.1')
  await once(client, 'connect')
  serves.kill()
  client.end('still served')
  stage.log('client', await textOf(client))
  stage.log('child', ...(await once(serves, 'exit')))
})

for (const [name, act] of [
  ['exit', 'process.exit(3)'],
  ['throw', "throw Object.assign(new Error('mine'), { stack: '' })"],
  ['kill', "process.kill(process.pid, 'SIGKILL')"],
  ['abort', "process.kill(process.pid, 'SIGTERM')"],
])
  scene(`a child that goes: ${name}`, async stage => {
    const server = net.createServer()
    const port = await stage.listen(server)
    const goes = child(
      `const client = net.connect(${port}, '127.0.0.1', () => { client.write('before'); setImmediate(() => { client.write('at once'); ${act} }) })`,
      { stdio: 'ignore' },
    )
    const exited = once(goes, 'exit')
    const [socket] = await once(server, 'connection')
    const text = await textOf(socket).catch(error => error.code)
    stage.log('server', name === 'kill' || name === 'abort' ? text.startsWith('before') : text)
    stage.log('child', ...(await exited))
  })

scene('a child that ends by itself', async stage => {
  const server = net.createServer(socket => socket.resume())
  const port = await stage.listen(server)
  for (const text of [
    `net.connect(${port}, '127.0.0.1').unref()`,
    `const c = net.connect(${port}, '127.0.0.1', () => c.end())`,
    `net.createServer().listen(0, function () { this.unref() })`,
    `const s = net.createServer().listen(0, () => s.close())`,
    `const c = net.connect(${port}, '127.0.0.1', () => { c.write('x'); c.unref() })`,
    `process.on('exit', () => {}); net.connect(${port}, '127.0.0.1', function () { this.destroy() })`,
    `new net.Socket(); new net.Server()`,
    `net.connect(1, '127.0.0.1').on('error', () => { process.exitCode = 9 })`,
    `net.connect(1, '127.0.0.1').on('error', () => {}).setTimeout(100000)`,
  ])
    stage.log('child', ...(await once(child(text, { stdio: 'ignore' }), 'exit')))
})

scene('what is written when the process exits', async stage => {
  const server = net.createServer()
  const port = await stage.listen(server)
  for (const text of [
    `process.on('exit', () => c.write('at exit')); const c = net.connect(${port}, '127.0.0.1', () => process.exit())`,
    `const c = net.connect(${port}, '127.0.0.1', () => { c.cork(); c.write('a'); c.write('b'); c.uncork(); process.exit() })`,
    `const c = net.connect(${port}, '127.0.0.1', () => { c.write('a', () => process.exit()); c.write('b') })`,
    `process.on('beforeExit', () => {}); const c = net.connect(${port}, '127.0.0.1', () => { c.end('bye'); c.unref() })`,
    `const c = net.connect(${port}, '127.0.0.1', async () => { c.write('x'); await null; c.write('y'); process.exit() })`,
  ]) {
    const goes = child(text, { stdio: 'ignore' })
    const [socket] = await once(server, 'connection')
    stage.log('server', await textOf(socket))
    if (goes.exitCode === null) await once(goes, 'exit')
  }
})

scene('handles over IPC', async stage => {
  const takes = child(`process.on('message', (m, handle) => { process.send([m, typeof handle]) })`, {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  takes.send('hello')
  stage.log('child', ...(await once(takes, 'message')))
  takes.disconnect()
  stage.log('child', ...(await once(takes, 'exit')))
})

scene('an accept storm', async stage => {
  const storms = child(`
    const server = net.createServer(socket => { socket.on('error', () => {}); socket.end('x') })
    let errors = 0
    server.on('error', () => errors++)
    server.listen(0, '127.0.0.1', async () => {
      const answers = await Promise.all(Array.from({ length: 300 }, () => new Promise(resolve => {
        const client = net.connect(server.address().port, '127.0.0.1')
        let got = ''
        client.on('data', data => { got += data })
        client.on('error', error => { got = error.code })
        client.on('close', () => resolve(got))
      })))
      console.log(answers.every(answer => answer === 'x'))
      server.close()
    })`)
  stage.log('child', (await textOf(storms.stdout)).trim())
})

scene('the debugger beside it', async stage => {
  const debugged = spawn(
    process.execPath,
    [
      '--inspect=127.0.0.1:0',
      '-e',
      `require('node:net').createServer(s => s.end('x')).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  stage.after(() => debugged.kill())
  const [port] = await once(debugged.stdout, 'data')
  stage.log('client', await textOf(net.connect(Number(port), '127.0.0.1')))
})
