// What is taken out of a manifest before its package is packed: it is of use in this repository alone.
module.exports = {
  hooks: {
    beforePacking(manifest) {
      const { scripts, devDependencies, gypfile, ...published } = manifest
      return published
    },
  },
}
