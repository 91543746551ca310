// The known programs that a subject does not play as node:net does, with what is seen instead: each is to be mended, or
// to be told in docs/compatibility.md. It plays nothing.

/** @type {readonly { name: string, subjects: readonly string[], instead: string }[]} */
export const open = []
