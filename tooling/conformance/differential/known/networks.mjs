// Where the networks of the testkit differ from @x/core on the native transport, by the kind of difference that random
// programs show, each with its reason (docs/testkit.md has them in words). It plays nothing.

/** @type {readonly { signature: string, reason: string }[]} */
export const differences = [
  {
    signature: "server: 'error' answers other",
    reason: 'There are no descriptors: listen({ fd }) is ENOTSUP, not EINVAL or EBADF.',
  },
  {
    signature: 'peer: bytes',
    reason:
      'How much a peer still gets of what was written before a destroy is decided by the size of buffers.',
  },
  {
    signature: "socket: callback became 'error'",
    reason:
      'A write that is larger than the buffers waits where the kernel takes it; a reset finds it waiting.',
  },
  { signature: 'socket: callback answers other', reason: 'The same, ended by a destroy.' },
  {
    signature: "peer: 'error' became 'end'",
    reason: 'What is on its way in the same turn has arrived before a close: no bytes are left unread.',
  },
  { signature: "peer: 'end' became 'error'", reason: 'The same for a reset right after the connection.' },
  {
    signature: "peer: 'made' became nothing",
    reason:
      'A connection that is given up before the answer has come is never accepted; on loopback the answer is there at once.',
  },
  {
    signature: "socket: 'connect' became callback",
    reason: 'connect() on a connected socket answers one turn later.',
  },
  {
    signature: "peer: phase became 'end'",
    reason: 'The same: the connection ends one turn earlier or later.',
  },
  {
    signature: 'socket: look remoteAddress remotePort remoteFamily',
    reason: 'The answer of a peer that is gone takes a turn, and no time on loopback.',
  },
  {
    signature: "socket: 'iterated' became 'finish'",
    reason: 'One turn decides which of two ends is told first.',
  },
]
