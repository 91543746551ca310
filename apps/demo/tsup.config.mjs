import { defineConfig } from 'tsup'

const both = { format: ['esm'], sourcemap: true }

export default defineConfig([
  {
    ...both,
    entry: { main: 'src/main.ts', worker: 'src/worker.ts' },
    platform: 'node',
    target: 'node20',
    // The other part's files are its own to clean.
    clean: ['!page/**'],
  },
  {
    ...both,
    entry: { live: 'src/page/browser/live.ts' },
    outDir: 'dist/page',
    platform: 'browser',
    target: 'es2022',
    splitting: false,
    clean: true,
    // The browser's part carries the chart library with it.
    noExternal: ['uplot'],
  },
])
