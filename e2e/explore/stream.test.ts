import { it } from 'vitest';
import { exploreFaults } from './explore.ts';

it('a stream comes out the same whatever fails at whatever step, and nothing is lost, twice or kept', async () => {
  await exploreFaults('stream');
}, 1_800_000);
