// What the portable transport cannot do and no feature names: tests of the suite that it skips, and why.
const reason =
  'libuv accepts and closes the connections that it has no descriptor for, and node:net is not told of them'

export const portableSkips = [
  {
    reason,
    tests: [
      'running out of descriptors is told once each time, and accepting goes on afterwards',
      'running out of descriptors loses nothing of the backlog',
    ],
  },
]
