import { it } from 'vitest';
import { exploreOpening } from './explore.ts';

it('a model for a stream is opened whatever fails at whatever step, and runs', async () => {
  await exploreOpening('stream');
}, 1_800_000);

it('a model that writes is opened whatever fails at whatever step, and runs', async () => {
  await exploreOpening('generation');
}, 1_800_000);
