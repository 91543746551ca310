// Splits the text of a client into lines.

/**
 * Calls `onLine` for each line of a stream of text. What comes after the last line end waits for its own; where more than
 * `limit` characters wait, `onLine` is called with null, and then no more.
 * @param {NodeJS.ReadableStream} stream  with an encoding set
 * @param {number} limit
 * @param {(line: string | null) => void} onLine
 */
export function splitLines(stream, limit, onLine) {
  let rest = ''
  stream.on('data', function take(/** @type {string} */ text) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line.replace(/\r$/, ''))
    if (rest.length <= limit) return
    stream.off('data', take)
    onLine(null)
  })
}
