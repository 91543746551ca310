// Why this thread runs on the portable transport, for the messages of what that transport cannot do. It decides nothing:
// transport/select tells it once.

let reason: string | null = null

export function tellFallback(why: string): void {
  reason = why
}

/** Why a transport of that name serves, where it does so in the place of the native one; else null. */
export function fallbackReason(transport: string): string | null {
  return transport === 'portable' || transport === 'underlying' ? reason : null
}

/** The same as the end of a message. */
export function fallbackClause(transport: string): string {
  const why = fallbackReason(transport)
  return why === null ? '' : `. It runs because the native one does not: ${why} ("npx @x/core" tells more)`
}
