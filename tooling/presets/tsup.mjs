// The one build of every package: a CommonJS implementation with types. `module-faces` then adds the ES module face.
import { defineConfig } from 'tsup'

/**
 * @param {Record<string, string>} entry  public entry points: name in dist/ to source file
 * @param {import('tsup').Options} [more]
 */
export function library(entry, more = {}) {
  return defineConfig({
    entry,
    format: ['cjs'],
    platform: 'node',
    target: 'node20',
    splitting: true,
    sourcemap: true,
    clean: true,
    dts: true,
    treeshake: true,
    shims: false,
    ...more,
  })
}
