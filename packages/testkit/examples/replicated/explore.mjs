// Looks for a seed that shows the planted bug, and for the least misfortune that does: node examples/replicated/explore.mjs
import { explore } from '@x/testkit'

const scenario = new URL('./early-ack.mjs', import.meta.url)
const { seeds, failed } = await explore({ scenario, seeds: 1000 })
console.log(`\n${seeds} seeds, ${failed.length} failed`)
for (const { message, misfortunes, replay } of failed) {
  console.log(`\n${message}\nwhat it takes:\n  ${misfortunes.join('\n  ')}\n${replay}`)
}
