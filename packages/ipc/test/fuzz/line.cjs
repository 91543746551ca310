// A stream of which only its maker has the other end: what a peer sends is emitted as 'data'. It knows no channel.
const { EventEmitter } = require('node:events')

/** A Duplex of which only this file has the other end; it gives what it is given at once. */
class Line extends EventEmitter {
  destroyed = false
  writable = true
  writableLength = 0
  isPaused = false
  /** @type {Buffer[]} */
  written = []
  /** Bytes that were taken while the other end reads nothing. */
  isStuck = false

  /** @param {Buffer} chunk @param {() => void} [done] */
  write(chunk, done) {
    if (this.isStuck) this.writableLength += chunk.length
    else if (this.written.length < 64) this.written.push(Buffer.from(chunk))
    if (done) queueMicrotask(done)
    return this.writableLength < 65536
  }

  cork() {}
  uncork() {}
  pause() {
    this.isPaused = true
  }
  resume() {
    this.isPaused = false
  }
  end() {
    this.writable = false
    this.destroy()
  }
  destroy() {
    if (this.destroyed) return
    this.destroyed = true
    this.writable = false
    queueMicrotask(() => this.emit('close'))
  }
}

module.exports = { Line }
