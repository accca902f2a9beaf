import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A second, the default, is little on a machine that is busy with other tests.
    expect: { poll: { timeout: 10_000 } },
    include: ['{core,worker,app,peer,signaling-server,tools,bench,e2e,models}/**/*.test.{ts,tsx}'],
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
