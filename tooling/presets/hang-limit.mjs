// The one time limit of all tests, and of the programs that tests run.

/**
 * After so many milliseconds a test, or a program that it runs, counts as one that hangs. It is far more than any of them
 * needs on a machine that is busy with other things: it ends what would never end, and says nothing about speed.
 */
export const HANG_MS = 10 * 60_000
