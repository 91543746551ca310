// The host that programs are played on. It plays nothing.

/** Its major version of Node. */
export const nodeMajor = Number(process.versions.node.split('.')[0])
