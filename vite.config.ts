/**
 * Builds the web interface: hashed files under /assets, nothing inlined, no address but this server's own.
 * The addresses of all endpoints are taken from the contract at build time, so the browser need not load zod to call them.
 */
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { ENDPOINTS } from './src/contract/index.ts'

const WIRE = 'virtual:wire'

function wire(): Plugin {
  return {
    name: 'sardonyx-wire',
    resolveId: (id) => (id === WIRE ? `\0${WIRE}` : undefined),
    load: (id) =>
      id === `\0${WIRE}`
        ? `export const WIRE = ${JSON.stringify(Object.fromEntries(ENDPOINTS.map((e) => [e.id, [e.method, e.path]])))}`
        : undefined,
  }
}

const api = { target: 'http://127.0.0.1:4700', changeOrigin: false }

export default defineConfig({
  root: 'src/web',
  plugins: [wire(), react(), tailwindcss()],
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    // One file for all that the first page needs: fewer requests, and smaller than the sum of many.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
  },
  server: { proxy: { '/api': api, '/openapi.json': api } },
})
