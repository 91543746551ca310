// One line on the terminal that says what runs now and about how long it will take. It is silent where nobody looks.

/** @param {NodeJS.WriteStream} [stream] */
export function createProgress(stream = process.stderr) {
  const startedMs = performance.now()
  let done = 0
  let total = 0
  return {
    /** @param {number} steps that are still to come */
    expect(steps) {
      total = steps
    },
    /** @param {string} text what the next step is */
    step(text) {
      const left = remaining(done, total, performance.now() - startedMs)
      done++
      this.say(`[${done}/${total}] ${text}${left}`)
    },
    /** @param {string} text what goes on */
    say(text) {
      if (stream.isTTY) stream.write(`\r\x1b[K${text.slice(0, (stream.columns || 80) - 1)}`)
    },
    /** Before something else is printed. */
    clear() {
      if (stream.isTTY) stream.write('\r\x1b[K')
    },
  }
}

/** @param {number} done @param {number} total @param {number} passedMs */
export function remaining(done, total, passedMs) {
  if (done < 5 || done > total) return ''
  const seconds = Math.round(((passedMs / done) * (total - done)) / 1000)
  return seconds < 90 ? `, about ${seconds} s left` : `, about ${Math.round(seconds / 60)} min left`
}
