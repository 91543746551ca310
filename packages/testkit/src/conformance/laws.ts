// The laws of the transport contract, in words. Tests of them begin with `law`, the number and a colon; docs/design.md has
// the list from here. It runs nothing.

/** Each law at its number less one. Numbers stay as they are: comments and tests name them. */
export const laws: readonly string[] = [
  'No callback runs inside the call that asked for it. (`receiveNow` of a handoff channel is made to: it asks for what has come.)',
  'A call that answered a negative status never calls back.',
  '`close` is idempotent: what is pending is cancelled first, then `done` comes, once for each call, in a later turn.',
  'Nothing calls back after that `done`.',
  'The caller leaves the chunks of a write alone until its `done`.',
  'After `readStop` no read comes until `readStart`.',
  'The end of a stream is told once, and writing goes on.',
  'An accepted stream delivers nothing before its `readStart`.',
  'A descriptor that was sent is closed by its sender, once it is sent.',
  "A handle that is unref'd does not keep the process alive.",
  "What one connection's listener throws reaches `uncaughtException`, and costs no other connection its events.",
  'A callback sees the `AsyncLocalStorage` store of the call that asked for it, or of the `connect` or `listen` behind its handle; what an accepted stream itself tells (reads, its end, its close) may see none, as with node:net.',
]
