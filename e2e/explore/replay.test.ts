import { it } from 'vitest';
import { replay } from './explore.ts';

const { SCHEDULE } = process.env;

/** See `explore.ts`. */
it.skipIf(SCHEDULE === undefined)(
  'plays a schedule again',
  async () => {
    await replay(JSON.parse(SCHEDULE ?? ''));
  },
  120_000,
);
