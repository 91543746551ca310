// A service that serves on what its manager has opened for it: answers each connection with the name of its socket, and says first what it
// was given and what the programs that it starts would get.
import { execFileSync } from 'node:child_process'
import { createServer } from '@x/core'
import { takeListenFds } from '@x/ipc/systemd'

const given = takeListenFds()
const again = takeListenFds()
// Its first three are its own.
const opened = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).matchAll(
  / (\d+) -> socket:/g,
)
const inherited = [...opened].filter(([, fd]) => Number(fd) > 2).length
const variables = Object.keys(process.env).filter(name => name.startsWith('LISTEN_'))
for (const { fd, name } of given) createServer(socket => socket.end(name)).listen({ fd })
console.log(JSON.stringify({ given, isSame: again === given, inherited, variables }))
