// Server CPU for receiving much over one connection.
import { fileURLToPath } from 'node:url'
import { runLoad } from '../child.mjs'

const BLAST = fileURLToPath(new URL('../loads/blast.mjs', import.meta.url))
const GIGABYTE = 1e9

export const benches = [
  {
    name: 'bulk-receive',
    title: 'Bulk receive, per GB, one connection',
    server: 'sink',
    unit: 'GB',
    /** @param {number} port @param {import('../options.mjs').Options} options @param {number} share */
    async load(port, { gigabytes }, share) {
      const bytes = Math.round(gigabytes * share * GIGABYTE)
      const startedMs = performance.now()
      const received = Number(await runLoad(process.execPath, [BLAST, port, bytes]))
      if (received !== bytes) throw new Error(`${received} of ${bytes} bytes have come`)
      const count = bytes / GIGABYTE
      return { count, perSecond: (count / (performance.now() - startedMs)) * 1000 }
    },
  },
]
