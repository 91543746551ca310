// The command line client. It starts the daemon when there is none.
//   node todo.mjs add water the flowers
//   node todo.mjs list | done 1 | watch | stop
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createClient } from '@x/ipc'

/** @typedef {typeof import('./daemon.mjs').handlers} Handlers */

const [command = 'list', ...words] = process.argv.slice(2)
const name = process.env.TODO_NAME ?? 'todo'

/** Nobody has listened there, or whoever did is dead. */
const noDaemon = ['ENOENT', 'ECONNREFUSED']

const client = /** @type {import('@x/ipc').Client<Handlers>} */ (
  createClient(name, {
    onConnect: async channel => {
      if (command === 'watch') await channel.send('watch')
    },
  })
)
client.once('down', error => {
  if (!noDaemon.includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) return
  const daemon = fileURLToPath(new URL('daemon.mjs', import.meta.url))
  spawn(process.execPath, [daemon, name], { detached: true, stdio: 'ignore' }).unref()
  // The client tries again by itself until the daemon listens.
})

const commands = {
  add: async () => {
    const { number } = await client.call.add(words.join(' '))
    console.log(`added ${number}`)
  },
  list: async () => {
    for (const { number, text } of await client.call.list()) console.log(`${number}  ${text}`)
  },
  done: () => client.call.done(Number(words[0])),
  watch: async () => {
    client.on('message', ({ value }) => console.log(value))
    client.once('up', () => client.once('down', () => client.close()))
    client.on('up', () => console.log('watching'))
    await once(client, 'close')
  },
  stop: () => client.call.stop(),
}

const run = Object.hasOwn(commands, command) ? commands[/** @type {keyof typeof commands} */ (command)] : null
if (run === null) {
  console.error(`no such command: ${command} (${Object.keys(commands).join(', ')})`)
  process.exitCode = 2
} else {
  await run().catch(error => {
    console.error(error.remote?.message ?? error.message)
    process.exitCode = 1
  })
}
await client.close()
