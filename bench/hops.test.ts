import { expect, it } from 'vitest';
import type { StageView } from '../core/session/state.ts';
import { hopsOf } from './hops.ts';

function stage(peer: string, sendsBytes: number): StageView {
  return { peer: peer as StageView['peer'], start: 0, end: 1, weightBytes: 0, sendsBytes, predictedMs: 1 };
}

it('a model that runs at home crosses nothing', () => {
  expect(hopsOf({ stages: [stage('a', 40)] }, 'a', 600)).toEqual([]);
});

it('the input does not travel when the first stage is at home', () => {
  expect(hopsOf({ stages: [stage('a', 50), stage('b', 4)] }, 'a', 600)).toEqual([
    { from: 'a', to: 'b', bytes: 50 },
    { from: 'b', to: 'a', bytes: 4 },
  ]);
});

it('three stages away from home make four hops', () => {
  expect(hopsOf({ stages: [stage('b', 50), stage('c', 60), stage('d', 4)] }, 'a', 600)).toEqual([
    { from: 'a', to: 'b', bytes: 600 },
    { from: 'b', to: 'c', bytes: 50 },
    { from: 'c', to: 'd', bytes: 60 },
    { from: 'd', to: 'a', bytes: 4 },
  ]);
});
