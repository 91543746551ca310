// A server that starts and stops as fast as it can, to be killed at any moment of it.
import { listen } from '@x/ipc'

const [where] = process.argv.slice(2)
for (let turn = 0; ; turn++) {
  const server = await listen(where)
  if (turn === 0) console.log('running')
  // Every third stays for a while: some die as they serve, most as they start or stop.
  if (turn % 3 === 0) await new Promise(resolve => setTimeout(resolve, 1))
  await new Promise(resolve => server.close(resolve))
}
