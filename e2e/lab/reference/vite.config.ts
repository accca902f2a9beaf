import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** WASM threads need cross-origin isolation. */
const ISOLATION: Record<string, string> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The page of the bare runtime, built beside the product and never into it. */
const config: UserConfig = defineConfig({
  root: here('.'),
  publicDir: false,
  worker: { format: 'es' },
  build: {
    outDir: here('../../../.cache/reference'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  preview: { headers: ISOLATION },
});

export default config;
