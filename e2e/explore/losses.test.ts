import { it } from 'vitest';
import { exploreRecovery, exploreTwoLosses } from './explore.ts';

const LONGEST_MS = 1_800_000;

it(
  'a stream goes on when the leader goes and then its heir, at whatever step',
  async () => {
    await exploreTwoLosses('stream');
  },
  LONGEST_MS,
);

it(
  'a talk goes on when the leader goes and then its heir, at whatever step',
  async () => {
    await exploreTwoLosses('generation');
  },
  LONGEST_MS,
);

it(
  'a stream goes on, unless weights are lost, when the heir goes while the room recovers',
  async () => {
    await exploreRecovery('stream');
  },
  LONGEST_MS,
);

it(
  'a talk goes on, unless weights are lost, when the heir goes while the room recovers',
  async () => {
    await exploreRecovery('generation');
  },
  LONGEST_MS,
);
