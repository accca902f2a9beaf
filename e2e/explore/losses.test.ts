import { it } from 'vitest';
import { exploreLosses } from './explore.ts';

it('a stream goes on when the leader goes and then its heir, at whatever step', async () => {
  await exploreLosses('stream');
}, 1_800_000);

it('a talk goes on when the leader goes and then its heir, at whatever step', async () => {
  await exploreLosses('generation');
}, 1_800_000);
