import { describe, expect, test } from 'vitest';
import type { PeerId } from '../../core/ids.ts';
import type { PlanView } from '../../core/session/state.ts';
import { inAim, promises } from './aim.ts';
import { all, id, laptop } from './fixtures/cast.ts';
import { chainOf, copiesOf, homeAtEnds, whatIfOf } from './fixtures/plans.ts';
import { heldLayers, holdingsOf, lanesOf, meanMs } from './holdings.ts';
import {
  aimWords,
  betterAlone,
  estimateWords,
  headline,
  lowerFirst,
  proofWords,
  shapeWords,
  standingWords,
} from './plan-words.ts';
import { rulesSet, ruleWords, withPart } from './rule-words.ts';
import { mostTelling, whatIfWords } from './what-if-words.ts';

const nameOf = (peer: PeerId): string =>
  all().find(({ card }) => card.peer === peer)?.card.name ?? 'somebody';
const chain = (part: Partial<PlanView> = {}): PlanView => chainOf(all(), part);

test('the headline puts what the mode is about first, and measured beside predicted', () => {
  expect(headline(chain(), 86, 58.2)).toBe(
    'Predicted 84 ms an answer, measured 86 ms. 61 answers a second at most, measured 58.',
  );
  expect(headline(copiesOf(all()), null, null)).toBe(
    'Predicted 71 answers a second at most. 49 ms an answer, not measured yet.',
  );
  expect(headline(chainOf([laptop()]), null, null)).toBe('Predicted 84 ms an answer, not measured yet.');
});

describe('one device alone', () => {
  test('is offered by latency, and by rate where rates are wanted', () => {
    expect(betterAlone(chain(), nameOf)).toBe('Anna’s laptop alone would be faster: 61 ms against 84 ms.');
    const most = chain({ mode: 'most', predictedPeriodMs: 16, alone: { peer: id(2), latencyMs: 10 } });
    expect(betterAlone(most, nameOf)).toBe(
      'Pixel 8 alone would give more: 100 answers a second against 63 answers a second.',
    );
  });

  test('is not spoken of where the plan does as well, or is that device', () => {
    expect(betterAlone(chain({ predictedLatencyMs: 62 }), nameOf)).toBeNull();
    expect(betterAlone(chain({ mode: 'most' }), nameOf)).toBeNull();
    expect(betterAlone(chainOf([laptop()]), nameOf)).toBeNull();
  });
});

test('copies and ends at home are explained', () => {
  expect(shapeWords(chain(), nameOf)).toEqual([]);
  expect(shapeWords(homeAtEnds(all()), nameOf)).toEqual([
    'Where 2 devices hold the same layers, each answer goes through one of them, the quicker ones taking more.',
    'The first and the last layers stay with Anna’s laptop.',
  ]);
});

test('items are shared by speed, and a part with copies takes their mean time', () => {
  const [stage] = copiesOf(all().slice(0, 2)).stages;
  if (!stage) throw new Error('no stage');
  expect(lanesOf(stage).map(({ share }) => share)).toEqual([
    expect.closeTo(58 / 99),
    expect.closeTo(41 / 99),
  ]);
  expect(meanMs(stage)).toBeCloseTo((2 * 41 * 58) / 99);
});

test('a device with two stages holds both, and a copy of the whole all layers', () => {
  const home = homeAtEnds(all());
  expect(heldLayers(holdingsOf(home, id(1)), home.blocks)).toBe('layers 1–4 and 24–27');
  expect(heldLayers(holdingsOf(home, id(3)), home.blocks)).toBe('layers 5–23');
  expect(heldLayers(holdingsOf(copiesOf(all()), id(3)), 27)).toBe('all layers');
  expect(holdingsOf(home, id(4))).toEqual([]);
});

test('how sure a plan is of being the best', () => {
  expect(proofWords(chain())).toBe('The plan is proven the best by these numbers.');
  expect(proofWords(chain({ optimal: false, gap: 0.07 }))).toBe(
    'It is at most 7% from the best there can be.',
  );
  expect(proofWords(chain({ optimal: false, gap: 0 }))).toMatch(/may exist/);
  expect(estimateWords(chain())).toBeNull();
  expect(estimateWords(chain({ estimatedBlocks: 12 }))).toMatch(/^The time of 12 layers of 27 was computed/);
  expect(aimWords(chain({ mode: { everyMs: 40 } }))).toMatch(
    /^Of all ways that give at least 25 answers a second/,
  );
});

test('the standing of a plan is told in what its mode is about', () => {
  expect(standingWords(chain())).toBeNull();
  expect(standingWords(chain({ now: { presentMs: 50, bestMs: 49.6 } }))).toMatch(
    /no other plan would be better/,
  );
  expect(standingWords(chain({ mode: 'most', now: { presentMs: 50, bestMs: 40 } }))).toMatch(
    /25% better: 25 answers a second against 20 answers a second\./,
  );
  expect(standingWords(chain({ now: { presentMs: 50, bestMs: 40 } }))).toMatch(/25 answers a second/);
});

describe('what the room would be otherwise', () => {
  const whatIf = whatIfOf(
    ['without', id(1), 1.7],
    ['without', id(2), null],
    ['without', id(3), 1.01],
    ['another', id(1), 0.88],
    ['another', id(4), 1],
  );

  test('comes with the largest difference first, and what changes nothing together', () => {
    expect(whatIfWords(chain({ mode: 'fastest', whatIf }), nameOf)).toEqual({
      told: [
        'Without Pixel 8 no plan would do.',
        'Without Anna’s laptop an answer would take 1.7 times as long.',
        'With a second device like Anna’s laptop an answer would take 12% less time.',
      ],
      same: 'No difference: without Old ThinkPad; with one more like iPhone 13.',
    });
  });

  test('is told as a rate where rates are wanted', () => {
    expect(whatIfWords(chain({ mode: 'most', whatIf }), nameOf).told.slice(1)).toEqual([
      'Without Anna’s laptop there would be 41% fewer answers a second.',
      'With a second device like Anna’s laptop there would be 14% more answers a second.',
    ]);
  });

  test('is one loss and one gain at first sight', () => {
    expect(mostTelling(chain({ mode: 'fastest', whatIf }), nameOf)).toHaveLength(2);
    expect(mostTelling(chain(), nameOf)).toEqual([]);
  });
});

test('a choice promises what is known, and nothing before', () => {
  expect(promises(null)).toEqual({ fastest: null, most: null, everyone: null });
  expect(promises(chain())).toEqual({ fastest: 61, most: expect.closeTo(61.3, 1), everyone: 84 });
  const { front: _, ...bare } = chain({ mode: 'most' });
  expect(promises(bare)).toEqual({ fastest: null, most: expect.closeTo(61.3, 1), everyone: null });
  expect(inAim('period', 500)).toBe('2.0 answers a second');
});

test('a reason reads on after a colon, names keep their capitals', () => {
  expect(lowerFirst('It would add 38 ms to an answer.')).toBe('it would add 38 ms to an answer.');
  expect(lowerFirst('WebGPU is missing.')).toBe('WebGPU is missing.');
});

test('a word on a device takes back the one before', () => {
  const none = { pinnedIn: [], pinnedOut: [], endsAtHome: false, batteryFloor: 0 };
  const out = withPart(withPart(none, id(2), 'in'), id(2), 'out');
  expect(out).toEqual({ ...none, pinnedOut: [id(2)] });
  expect(withPart(out, id(2), 'free')).toEqual(none);
  const rules = { ...out, endsAtHome: true, batteryFloor: 0.2 };
  expect(rulesSet(rules)).toBe(3);
  expect(ruleWords(rules, nameOf)).toEqual([
    'Pixel 8 is left out.',
    'The first and the last layers stay with the leader.',
    'Devices on battery below 20% are left out.',
  ]);
});
