// Local endpoints on Windows: what they do is written to a file, as JSON, for the test that runs this under Wine.
const { once } = require('node:events')
const { writeFileSync } = require('node:fs')
const { connect, createChannel, listen, resolveEndpoint } = require('../../dist/index.js')

const seen = { platform: process.platform }

async function failure(act) {
  try {
    await act()
    return null
  } catch (error) {
    return error.code
  }
}

async function textOf(socket) {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

async function closed(server) {
  server.close()
  await once(server, 'close')
}

async function main() {
  const server = await listen('x-ipc-wine', {}, socket => socket.end('hello'))
  seen.address = server.address()
  seen.samePipe = []
  for (const where of [
    'x-ipc-wine',
    '\\\\?\\pipe\\x-ipc-wine',
    '//./pipe/x-ipc-wine',
    '\\\\.\\pipe\\a\\..\\x-ipc-wine',
  ]) {
    seen.samePipe.push(await textOf(await connect(where)))
  }
  seen.secondServer = await failure(async () => closed(await listen('x-ipc-wine')))
  seen.nobody = await failure(() => connect('x-ipc-wine-nobody'))
  seen.authorize = await failure(() => listen('x-ipc-wine-2', { authorize: () => true }))
  seen.mode = await failure(() => listen('x-ipc-wine-2', { mode: 0o600 }))
  seen.writableAll = await failure(() => listen('x-ipc-wine-2', { writableAll: true }))
  await closed(server)
  seen.afterClose = await failure(() => connect('x-ipc-wine'))

  const longest = resolveEndpoint('n'.repeat(300))
  seen.longest = [longest.path.length, longest.isShortened]
  const names = [longest, resolveEndpoint('\\\\.\\pipe\\deep\\name\\..\\ctl'), resolveEndpoint('x-ipc-wine')]
  seen.served = []
  for (const where of names) {
    const again = await listen(where, {}, socket => socket.end('again'))
    seen.served.push(await textOf(await connect(where)))
    await closed(again)
  }

  const talker = await listen('x-ipc-wine', {}, socket =>
    createChannel(socket).serve(value => ({ twice: value * 2 })),
  )
  const near = createChannel(await connect('x-ipc-wine'))
  seen.reply = (await near.request(21)).value
  seen.handles = await failure(async () => createChannel(await connect('x-ipc-wine'), { handles: true }))
  await near.close()
  talker.close()
}

main()
  .catch(error => {
    seen.error = error.stack
  })
  .finally(() => {
    writeFileSync(process.argv[2], JSON.stringify(seen))
    process.exit()
  })
