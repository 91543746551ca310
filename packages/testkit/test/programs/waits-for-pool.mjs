// Work of the thread pool in simulations, of every kind, again and again: prints how often, and how often virtual time went on
// meanwhile. node waits-for-pool.mjs [rounds]
import crypto from 'node:crypto'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { expectNoLeaks, simulate } from '@x/testkit'

const rounds = Number(process.argv[2] ?? 20)
const here = fileURLToPath(import.meta.url)
const big = Buffer.alloc(1_000_000, 'abc')
const { randomBytes, scryptSync, generateKeyPairSync } = crypto

const works = [
  () => fs.promises.readFile(here),
  () => promisify(fs.readFile)(here),
  () => fs.promises.stat(here),
  () => promisify(zlib.gzip)(big),
  () => promisify(crypto.scrypt)('a', 'b', 64),
  () => promisify(crypto.generateKeyPair)('ed25519', {}),
  () => crypto.subtle.digest('SHA-512', big),
  () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt']),
  async () => (await fs.openAsBlob(here)).text(),
]

const counts = { works: 0, late: 0, leaks: 0 }
for (let round = 0; round < rounds; round++) {
  for (const work of works) {
    const { value } = await simulate({}, ({ clock }) => {
      // What is done at once is no work under way, though the function was taken before.
      randomBytes(8)
      scryptSync('a', 'b', 8)
      generateKeyPairSync('ed25519')
      return Promise.race([work().then(() => 0), clock.sleep(1).then(() => 1)])
    })
    counts.works++
    counts.late += value
  }
  await expectNoLeaks(async () => {
    randomBytes(8)
    scryptSync('a', 'b', 8)
    for (const work of works) await work()
  }).catch(error => {
    counts.leaks += error.leaks.length
  })
}
console.log(JSON.stringify(counts))
