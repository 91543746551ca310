// The known programs that a subject does not play as node:net does, with what is seen instead: each is to be mended, or
// to be told in docs/compatibility.md. It plays nothing.

/** @type {readonly { name: string, subjects: readonly string[], instead: string }[]} */
export const open = [
  {
    name: 'a write to a peer that has gone',
    subjects: ['memory'],
    instead: 'write answers true and counts the byte; the writes of a turn leave at its end, and fail then.',
  },
  {
    name: 'ends while connecting, and after the end',
    subjects: ['memory'],
    instead: "'finish' after one more turn of the loop.",
  },
  {
    name: "destroySoon with the peer's bytes on their way: nothing more is delivered",
    subjects: ['memory'],
    instead: 'the peer gets an end, not ECONNRESET for the bytes that nobody read.',
  },
  {
    name: "'close' after a failed write comes in its turn",
    subjects: ['memory'],
    instead: 'a close takes a turn more.',
  },
  {
    name: 'a reset while the end is on its way is an error of the read',
    subjects: ['memory'],
    instead: 'the peer loses what it had not read when the reset came.',
  },
  {
    name: 'a receiver of small buffers hears of 32 in a turn of the loop',
    subjects: ['memory'],
    instead: 'it hears of all that has come.',
  },
  {
    name: 'writes in the turn in which the peer goes: it ends',
    subjects: ['memory'],
    instead: 'as a write to a peer that has gone: the network is not asked.',
  },
  {
    name: 'writes in the turn in which the peer goes: it resets',
    subjects: ['memory'],
    instead: 'as a write to a peer that has gone.',
  },
  {
    name: 'a write that a destroy cuts off, and an end behind it',
    subjects: ['memory'],
    instead: 'the peer gets what the buffers of the network hold.',
  },
]
