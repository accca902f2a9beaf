import { expect, test } from 'vitest';
import { isThroughTurn } from './chosen-pair.ts';

const candidates = [
  { type: 'local-candidate', id: 'host', candidateType: 'host' },
  { type: 'local-candidate', id: 'relay', candidateType: 'relay' },
  { type: 'remote-candidate', id: 'far', candidateType: 'srflx' },
  { type: 'remote-candidate', id: 'far-relay', candidateType: 'relay' },
];
const pair = (id: string, localCandidateId: string, remoteCandidateId: string, more: object = {}): object => {
  return { type: 'candidate-pair', id, localCandidateId, remoteCandidateId, ...more };
};
const transport = (selectedCandidatePairId: string): object => ({
  type: 'transport',
  selectedCandidatePairId,
});

test.each([
  ['both hosts', [transport('a'), pair('a', 'host', 'far'), pair('b', 'relay', 'far')], false],
  ['the own relay', [transport('b'), pair('a', 'host', 'far'), pair('b', 'relay', 'far')], true],
  ['the other side’s relay', [transport('a'), pair('a', 'host', 'far-relay')], true],
  [
    'Firefox, which marks the pair',
    [pair('a', 'host', 'far', { selected: false }), pair('b', 'relay', 'far', { selected: true })],
    true,
  ],
  [
    'a browser that only says what was nominated',
    [
      pair('a', 'relay', 'far', { nominated: true, state: 'failed' }),
      pair('b', 'host', 'far', { nominated: true, state: 'succeeded' }),
    ],
    false,
  ],
  ['no pair yet', [transport(''), pair('a', 'relay', 'far')], undefined],
  ['nothing', [], undefined],
  ['what is no report', [null, 7, 'relay', undefined], undefined],
])('%s', (_name, reports, expected) => {
  expect(isThroughTurn([...candidates, ...reports])).toBe(expected);
});
