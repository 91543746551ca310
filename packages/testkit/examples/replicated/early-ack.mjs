// The scenario with a planted bug: the leader acknowledges a value before a majority has it.
import { runSeed } from './scenario.mjs'

/** @param {number} seed */
export default seed => runSeed(seed, { bug: 'early-ack' })
