import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A page with nothing but the store, built beside the product and never into it. */
const config: UserConfig = defineConfig({
  root: here('.'),
  publicDir: false,
  worker: { format: 'es' },
  build: {
    outDir: here('../../../.cache/storage-page'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
  },
});

export default config;
