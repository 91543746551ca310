// Listens where it is told ("@name": an abstract name) and says how that went; line by line: "close", "exit", or the end of input.
import { createInterface } from 'node:readline'
import { listen, resolveEndpoint } from '@x/ipc'

const [where, options = '{}'] = process.argv.slice(2)
const at = where.startsWith('@') ? resolveEndpoint(where.slice(1), { abstract: true }) : where
let server
try {
  server = await listen(at, JSON.parse(options), socket => {
    // A client that does not trust us hangs up.
    socket.on('error', () => {}).end('hello')
  })
  console.log('listening')
} catch (error) {
  console.log(`${error.code} ${error.message}`)
  process.exit(1)
}
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'close') server.close(() => console.log('closed'))
  if (line === 'exit') process.exit(0)
}
