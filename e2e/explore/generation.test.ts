import { it } from 'vitest';
import { exploreFaults } from './explore.ts';

it('a generation comes out the same whatever fails at whatever step, and nothing is lost, twice or kept', async () => {
  await exploreFaults('generation');
}, 1_800_000);
