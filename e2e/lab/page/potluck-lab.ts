import type { Emulation } from './emulation.ts';
import type { LinkShape } from './link-shape.ts';
import type { Partition } from './partition.ts';

/** `window.potluckLab` in the lab's build of the page: what its surroundings are like, to be changed on the spot. */
export interface PotluckLab {
  readonly shape: LinkShape;
  readonly emulation: Emulation;
  readonly partition: Partition;
}

/** Names in the query of a page's address, with which it begins. */
export const LAB_QUERY = {
  delayMs: 'lab-delay',
  mbitPerSec: 'lab-mbit',
  nodeMs: 'lab-node',
  factor: 'lab-factor',
  jitter: 'lab-jitter',
  corrupt: 'lab-corrupt',
  seed: 'lab-seed',
} as const;
