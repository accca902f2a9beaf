import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** The browser stories: `vitest run --config e2e/vitest.config.ts`. Unit tests have their own configuration. */
const stories: ViteUserConfig = defineConfig({
  test: {
    root: new URL('../', import.meta.url).pathname,
    include: ['e2e/stories/**/*.story.ts'],
    globalSetup: ['e2e/build.ts'],
    // A story runs up to four browser processes; two stories at once would only slow each other down.
    fileParallelism: false,
    maxWorkers: 1,
    // A machine with two busy cores needs most of a minute to open, join, profile and plan a room of three.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
  },
});

export default stories;
