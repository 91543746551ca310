// The known programs that a subject does not play as node:net does, with what is seen instead: each is to be mended, or
// to be told in docs/compatibility.md. It plays nothing.

/** @type {readonly { name: string, subjects: readonly string[], instead: string }[]} */
export const open = [
  {
    name: 'a write to a peer that has gone',
    subjects: ['native', 'portable', 'memory'],
    instead: 'write answers true and counts the byte; the writes of a turn leave at its end, and fail then.',
  },
  {
    name: 'ends while connecting, and after the end',
    subjects: ['portable', 'memory'],
    instead: "portable: no localAddress while connecting. memory: 'finish' after one more turn of the loop.",
  },
  {
    name: 'onread that answers false stops reading, and is no pause',
    subjects: ['portable'],
    instead: "the bytes that resume lets in come before 'resume'.",
  },
  {
    name: 'connect on a connected socket',
    subjects: ['portable'],
    instead: 'the connection is closed by us, not left to its end.',
  },
  {
    name: 'connect twice in one turn',
    subjects: ['portable'],
    instead: 'no peer hears of the first connection.',
  },
  {
    name: 'a write before the connection, whose listener resets',
    subjects: ['memory'],
    instead: 'the peer of a local path gets ECONNRESET, not an end.',
  },
  {
    name: "destroySoon with the peer's bytes on their way: nothing more is delivered",
    subjects: ['memory'],
    instead: 'the peer gets an end, not ECONNRESET for the bytes that nobody read.',
  },
]
