import { fileURLToPath } from 'node:url';
import { mergeConfig, type UserConfig } from 'vite';
import product from '../../../vite.config.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The product's page with the lab's surroundings around it, built beside the product and never into it. */
const config: UserConfig = mergeConfig(product, {
  root: here('../../..'),
  resolve: { alias: [{ find: /^\.\/surroundings\.ts$/, replacement: here('./surroundings.ts') }] },
  build: { outDir: here('../../../.cache/lab') },
});

export default config;
