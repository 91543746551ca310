// What UTF-8 can say of a JavaScript string. It knows nothing of what the string is for.

/** Whether the text has no half of a surrogate pair, which UTF-8 does not have: it would arrive as another character. */
export function isWellFormed(text: string): boolean {
  // Not in the library that the compiler knows; in all of Node from 20 on.
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
