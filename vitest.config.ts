import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{core,worker,app,signaling-server,tools,bench,e2e,models}/**/*.test.{ts,tsx}'],
    testTimeout: 20_000,
    maxWorkers: 2,
  },
});
