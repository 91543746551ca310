// Makes a pair of connected descriptors and closes them: the least that a check on the addon can watch.
const { native } = require('./base.cjs')

native.descriptors.close(native.descriptors.socketPair())
