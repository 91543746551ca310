// What the layers of core and ipc are, from the bottom up, and which parts of core import node:net and why: data for the
// check of the imports and for the tables in docs/design.md. It judges nothing.

/**
 * A layer: its files and folders (a name that ends in `/`), which do not know each other, and what they are. A file of a
 * layer imports its own folder or what stands in a layer before it.
 * @typedef {{ names: readonly string[], what: string }} Layer
 */

/** @type {readonly Layer[]} */
export const coreLayers = [
  {
    names: ['transport/contract', 'errors/errno', 'host', 'package-folder'],
    what: 'the words of the contract: types and status numbers; the timers and ticks of the host as they were at load; where the package lies',
  },
  {
    names: ['transport/call-each', 'transport/wrap-transport', 'listen/contract'],
    what: 'calling a list though one throws; what decorators of a transport stand on; what a server and a source of listeners know of each other',
  },
  { names: ['transport/closing'], what: 'how far the close of a handle is, and who waits for it' },
  { names: ['errors/'], what: 'the table of codes, system errors, validation' },
  { names: ['address/'], what: 'IP addresses, block lists. Pure: no I/O' },
  {
    names: ['transport/native/', 'transport/portable/'],
    what: 'the two ways of moving bytes; neither knows the other',
  },
  { names: ['transport/select'], what: 'which of them this process takes, and why not the other' },
  { names: ['transport/report'], what: 'a report of what runs here, and why' },
  {
    names: ['process-state', 'registration'],
    what: 'what all sockets of a thread share; whether `register` has been loaded',
  },
  {
    names: ['proxy-protocol/', 'socket-options/'],
    what: 'PROXY headers: from bytes, to bytes, and off a stream; options of sockets, and what the system has of them',
  },
  { names: ['args/'], what: 'overloads to one options object' },
  { names: ['listen/'], what: 'from options to a listener' },
  { names: ['connect/'], what: 'from options to one connected stream' },
  { names: ['socket/'], what: 'the `Duplex` and its parts' },
  {
    names: ['admission/', 'drain/'],
    what: 'whom a server admits; the end of a server without the loss of a connection',
  },
  { names: ['server/'], what: 'listening, counting, closing; what becomes of an accepted stream' },
  {
    names: ['net', 'relay', 'send-file'],
    what: '`connect`, `createServer`, `relay`, `sendFile`: the functions of the module',
  },
  { names: ['public'], what: 'the members of the module by name' },
  {
    names: ['register/children', 'register/face-source', 'register/hooks'],
    what: "how modules that ask for one of Node's get another",
  },
  {
    names: ['index', 'promises', 'transport/index', 'internal', 'cli'],
    what: 'the entries; `internal` has what only the other packages need, and is no part of the public face, `cli` is `npx @x/core`',
  },
  {
    names: ['register/', 'interop/'],
    what: 'this package in the place of `node:net`; sockets of one as sockets of the other',
  },
]

/** @type {readonly Layer[]} */
export const ipcLayers = [
  {
    names: ['host', 'unicode', 'errors/'],
    what: "the host's timers as they were at load; what UTF-8 can say; the code table",
  },
  {
    names: ['wire/', 'endpoint/', 'credentials'],
    what: 'what is on the wire: `frame` and `encoder` (values to bytes), `decoder` (bytes to checked values), `frame-reader` and `frame-writer` (where frames begin and end), and the two streams that carry them; names of endpoints; who is at the other end',
  },
  {
    names: ['descriptor/', 'listen/'],
    what: 'one descriptor and whose it is, servers and sockets to descriptors and back, what each peer may leave open; local servers',
  },
  {
    names: ['protocol/'],
    what: "what the protocol does with frames: `session` (hello to goodbye, and the guard), `receiver` and `sender`, `outbound` (what we send), `account` (what is held for the peer), `requests` (ours), `answers` (the peer's), `acknowledgements`",
  },
  {
    names: ['channel/', 'calls/', 'connect'],
    what: 'the channel as its users see it: messages, iterations, listeners; procedures as functions; local clients',
  },
  {
    names: ['handoff/', 'client/', 'service-manager/'],
    what: 'sending a handle in one call, bytes and descriptors without frames; a client that connects again; what a service and its manager say to each other',
  },
  { names: ['index', 'systemd'], what: 'the public face' },
]

/**
 * The parts of core that may import `node:net`, and why.
 * @type {readonly { name: string, why: string }[]}
 */
export const nodeNetParts = [
  { name: 'transport/portable/', why: 'it is what the portable transport drives' },
  { name: 'interop/', why: 'it makes sockets of `node:net`, and takes them over' },
  {
    name: 'register/',
    why: 'it stands in the place of `node:net`, and passes on what this package does not have',
  },
]

/** Whether a file (a path from src/, without its extension) is of a name of these lists. @param {string} name @param {string} file */
export function isOf(name, file) {
  return name.endsWith('/') ? file.startsWith(name) || `${file}/` === name : file === name
}
