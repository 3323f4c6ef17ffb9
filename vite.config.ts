/**
 * Builds the web interface: hashed files under /assets, nothing inlined, no address but this server's own.
 * The addresses of all endpoints are taken from the contract at build time, so the browser need not load zod to call them.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip, gzipSync } from 'node:zlib'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin, transformWithOxc } from 'vite'
import { ENDPOINTS } from './src/contract/index.ts'

const brotli = promisify(brotliCompress)
const gzipped = promisify(gzip)
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

/** The document of `ui/markdown/diagram`, whole in one file: it may ask for nothing, not even for a script of this server. */
function diagram(): Plugin {
  const { resolve } = createRequire(import.meta.url)
  const own = new URL('src/web/ui/markdown/diagram/frame.ts', import.meta.url)
  const inScript = (code: string) => `<script>${code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')}</script>`
  return {
    name: 'sardonyx-diagram',
    apply: 'build',
    async generateBundle() {
      const font = await readFile(
        resolve('@fontsource-variable/atkinson-hyperlegible-next/files/atkinson-hyperlegible-next-latin-wght-normal.woff2'),
      )
      const library = await readFile(resolve('mermaid/dist/mermaid.min.js'), 'utf8')
      // It imports types only, and is no module once they are gone.
      const code = (await transformWithOxc(await readFile(own, 'utf8'), own.pathname)).code.replace(/^export \{\};?$/m, '')
      const style =
        `@font-face{font-family:Atkinson;font-weight:200 800;src:url(data:font/woff2;base64,${font.toString('base64')})}` +
        'html{overflow:auto hidden}body{margin:0;padding:12px 16px;color:transparent}svg{display:block;margin:0 auto}'
      const source = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Diagram</title><style>${style}</style><body>${inScript(library)}${inScript(code)}`
      this.emitFile({ type: 'asset', fileName: 'diagram.html.gz', source: gzipSync(source) })
    },
  }
}

/** Each file that gets smaller also lies compressed beside itself, for the server to send as it is. */
function compressed(): Plugin {
  return {
    name: 'sardonyx-compressed',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle).filter((name) => /\.(js|css|html|svg)$/.test(name))) {
        const path = join(dir!, name)
        const content = await readFile(path)
        const smaller = { br: await brotli(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }), gz: await gzipped(content) }
        for (const [end, small] of Object.entries(smaller)) if (small.length < content.length) await writeFile(`${path}.${end}`, small)
      }
    },
  }
}

/** In a worker there is no document to ask what `&amp;` stands for, which is how the browser's version of a package does it. */
function entities(): Plugin {
  const { resolve } = createRequire(import.meta.url)
  return {
    name: 'sardonyx-entities',
    enforce: 'pre',
    resolveId: (id) => (id === 'decode-named-character-reference' ? resolve(id) : undefined),
  }
}

const api = { target: 'http://127.0.0.1:4700', changeOrigin: false }

export default defineConfig({
  root: 'src/web',
  plugins: [wire(), diagram(), react(), tailwindcss(), compressed()],
  worker: { format: 'es', plugins: () => [entities()] },
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
