import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { main: 'src/main.ts', worker: 'src/worker.ts', 'page/live': 'src/page/browser/live.ts' },
  // The browser's part carries the chart library with it.
  noExternal: ['uplot'],
  format: ['esm'],
  platform: 'node',
  target: 'node20',
  clean: true,
  sourcemap: true,
})
