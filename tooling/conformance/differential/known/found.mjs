// Programs that differed from node:net once, cut down: `main.mjs --entries FILE` writes them. It plays nothing.

/** @type {import('./index.mjs').KnownProgram[]} */
export const found = []
