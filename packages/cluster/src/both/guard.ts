// Runs code of the user in the middle of our own. What it throws reaches 'uncaughtException', as if nobody had called it
// from here, and what follows in our code still runs.
import { nextTick } from './host'

export function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    nextTick(() => {
      throw error
    })
  }
}
