import { defineConfig, type Plugin, type UserConfig } from 'vite';
import { devSignaling } from './tools/dev-signaling.ts';
import { embedBuild } from './tools/embed-build.ts';

/** WASM threads need cross-origin isolation, which these headers switch on (facts.md A5). */
const ISOLATION: Record<string, string> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Room links such as `/r/maple-otter-7` open the one page there is. */
function roomLinks(): Plugin {
  const fallback = (request: { url?: string | undefined }, _response: unknown, next: () => void): void => {
    if (request.url && /^\/r\/[^/.]+\/?(\?|$)/.test(request.url)) request.url = '/index.html';
    next();
  };
  return {
    name: 'room-links',
    configureServer: (server) => {
      server.middlewares.use(fallback);
    },
    configurePreviewServer: (server) => {
      server.middlewares.use(fallback);
    },
  };
}

const config: UserConfig = defineConfig({
  plugins: [roomLinks(), devSignaling(), embedBuild()],
  // Absolute: the page is opened both at `/` and at `/r/<room>`.
  base: '/',
  resolve: {
    // Its plain entry needs Node's streams; the prebuilt file brings its own (facts.md 0.4).
    alias: [{ find: /^simple-peer$/, replacement: 'simple-peer/simplepeer.min.js' }],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // Named, because the dev server would find them late, when the first worker starts, and reload the page.
  optimizeDeps: {
    include: ['onnxruntime-web/wasm', 'onnxruntime-web/jspi', 'onnxruntime-web/webgpu', 'comlink'],
  },
  // The stage worker downloads the one variant of the runtime that its device needs, by dynamic import.
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // JSPI, Float16Array and isolation decide at run time; the syntax itself is that of Safari 16.4 and later.
    target: ['chrome111', 'firefox114', 'safari16.4'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: (file) => (file.endsWith('.wasm') || file.endsWith('.onnx') ? false : undefined),
    chunkSizeWarningLimit: 600,
  },
  server: { headers: ISOLATION },
  preview: { headers: ISOLATION },
});

export default config;
