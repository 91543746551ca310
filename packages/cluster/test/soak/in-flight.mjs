// Another process of the same user has used up the quota of descriptors in flight (ETOOMANYREFS, unix(7)), again and again:
// `node in-flight.mjs ROUNDS` under a user without privileges and with a limit of 256 descriptors. Prints the counts as JSON.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { selectTransport } from '@x/core/transport'
import { Crowds, startPlain } from './crowds.mjs'

const [task] = process.argv.slice(2)
if (task === 'hog') hog()
else await run(Number(task))

/** Sends more descriptors than any process may have, to a socket that nobody reads, until its input ends. */
function hog() {
  const { descriptors } = selectTransport().transport
  const [ours] = descriptors.socketPair()
  const channel = descriptors.channel(ours)
  for (let i = 0; i < 2; i++) channel.send(Buffer.from('x'), Array(200).fill(2), () => {})
  process.stdout.write('full\n')
  process.stdin.on('end', () => process.exit())
  process.stdin.resume()
}

async function run(rounds) {
  const { cluster, port } = await startPlain()
  const crowd = new Crowds()
  let early = 0
  for (let round = 0; round < rounds; round++) {
    const other = spawn(process.execPath, [fileURLToPath(import.meta.url), 'hog'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(other.stdout, 'data')
    const { answered } = crowd.counts
    const asked = crowd.askAll(port, 20)
    await new Promise(resolve => setTimeout(resolve, 30))
    early += crowd.counts.answered - answered
    other.stdin.end()
    await asked
  }
  await cluster.drain()
  console.log(JSON.stringify({ rounds, ...crowd.counts, 'answered without quota': early }))
}
