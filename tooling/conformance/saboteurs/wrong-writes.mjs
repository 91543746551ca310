// node:net with sockets that write wrongly, for the test of the differential fuzzer: a single byte is lost, more bytes are
// turned round.
import net from 'node:net'

class Socket extends net.Socket {
  /** @override @param {any} chunk @param {any} encoding @param {any} done */
  _write(chunk, encoding, done) {
    const bytes = Buffer.from(chunk, encoding)
    if (bytes.length === 1) done()
    else super._write(bytes.reverse(), 'buffer', done)
  }

  _writev = undefined
}

/** @param {any} options @param {any[]} more */
const connect = (options, ...more) => new Socket(options).connect(options, ...more)

export const nets = { net: { ...net, Socket, connect }, peerNet: net }
