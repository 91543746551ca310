// The one build of every package: a CommonJS implementation with types. `module-faces` then adds the ES module face.
import { defineConfig } from 'tsup'

/**
 * The bundler calls a class that names itself `_Name`, which engines show in stack traces and messages: it gets its own
 * name back.
 * @type {NonNullable<import('tsup').Options['plugins']>[number]}
 */
const ownNames = {
  name: 'own-names',
  renderChunk(code, { map }) {
    const names = [...code.matchAll(/^\s*(?:var )?(\w+) = class _\1\b/gm)].map(([, name]) => name)
    const renamed = names.reduce(
      (text, name) => text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), `${name}`),
      code,
    )
    return { code: renamed, map }
  },
}

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
    plugins: [ownNames],
    ...more,
  })
}
