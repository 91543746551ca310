// What a call comes to, whether it answers or throws, so that two implementations can be compared. Not a test by itself.

/** The answer, or the error as text with its code. */
export function outcome(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return `${String(error).replace(/ \[ERR_\w+\]/, '')} ${(error as NodeJS.ErrnoException).code}`
  }
}
