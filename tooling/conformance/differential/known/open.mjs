// The known programs that a subject does not play as node:net does, with what is seen instead: each is to be mended, or
// to be told in docs/compatibility.md. It plays nothing.

/** @type {readonly { name: string, subjects: readonly string[], instead: string }[]} */
export const open = [
  {
    name: 'an end with bytes and a destroy in one turn, while bytes of the peer are unread',
    subjects: ['memory'],
    instead:
      'from Node 24 on the peer sees an end and no ECONNRESET: its write leaves at the end of the turn, behind the destroy.',
  },
]
