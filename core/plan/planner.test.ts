import { describe, expect, test } from 'vitest';
import type { PlanMode } from '../session/state.ts';
import { meshOf } from './mesh-room.ts';
import { decide, tell } from './planner.ts';
import type { PlanAnswer } from './question.ts';
import type { PlannedStage, PlanRoom } from './room.ts';

/** A block takes 10 ms on each of three equal devices, and nothing on the way; each holds two of four blocks. */
const room: PlanRoom = {
  objective: 'latency',
  home: 'a',
  inputBytes: 0,
  blocks: Array.from({ length: 4 }, () => ({ weightBytes: 1, workspaceBytes: 0, outputBytes: 0 })),
  devices: ['a', 'b', 'c'].map((id) => ({ id, memoryBytes: 2, blockMs: [10, 10, 10, 10] })),
  links: [
    { from: 'a', to: 'b', delayMs: 1, mbitPerSec: 100 },
    { from: 'a', to: 'c', delayMs: 3, mbitPerSec: 100 },
    { from: 'b', to: 'c', delayMs: 3, mbitPerSec: 100 },
  ],
};
const roomy = { ...room, devices: room.devices.map((device) => ({ ...device, memoryBytes: 9 })) };

function answer(
  mode: PlanMode,
  present: readonly PlannedStage[] | null = null,
  some: PlanRoom = room,
): PlanAnswer {
  const decided = decide({ room: some, mode, present });
  if ('infeasible' in decided) throw new Error(decided.infeasible);
  return decided;
}

const onTwo = (one: string, other: string): PlannedStage[] => [
  { device: one, start: 0, end: 2 },
  { device: other, start: 2, end: 4 },
];
const onThree: PlannedStage[] = [
  { device: 'a', start: 0, end: 2 },
  { device: 'b', start: 2, end: 3 },
  { device: 'c', start: 3, end: 4 },
];

describe('decide', () => {
  test('fastest: the least latency', () => {
    const { plan, bestMs, presentMs } = answer('fastest', onTwo('a', 'c'));
    expect(plan.stages).toEqual(onTwo('a', 'b'));
    expect([bestMs, presentMs]).toEqual([42, 46]);
  });

  test('most: the least period, with copies', () => {
    const { plan, bestMs, presentMs } = answer('most', onTwo('a', 'c'));
    // Of any two stages one has two blocks, and of three the longest, too.
    expect([bestMs, presentMs, plan.periodMs]).toEqual([20, 20, 20]);
    expect(answer('most', null, roomy).plan.stages).toEqual([
      { device: 'a', start: 0, end: 4, copies: ['b', 'c'] },
    ]);
  });

  test('everyone: the longest stage; fewer devices than could take part are no such plan', () => {
    const { plan, bestMs, presentMs } = answer('everyone', onThree);
    expect(new Set(plan.stages.map(({ device }) => device)).size).toBe(3);
    expect([bestMs, presentMs]).toEqual([20, 20]);
    expect(answer('everyone', onTwo('a', 'b')).presentMs).toBeNull();
  });

  test('a pace: the least latency that keeps it; stages that miss it are worse by as much', () => {
    const alone: PlannedStage[] = [{ device: 'a', start: 0, end: 4 }];
    const { plan, bestMs, presentMs } = answer({ everyMs: 20 }, alone, roomy);
    expect(plan.periodMs).toBeLessThanOrEqual(20);
    // Copies on a and b: half of the items wait 2 ms for the way there and back.
    expect(bestMs).toBe(41);
    expect(presentMs).toBe(41 * (40 / 20));
    expect(answer({ everyMs: 40 }, alone, roomy).presentMs).toBe(40);
  });

  test('a pace that no plan keeps: the least period, and what is present by its period', () => {
    const { plan, bestMs, presentMs } = answer({ everyMs: 1 }, onTwo('a', 'b'));
    expect(plan.tooOften).toBe(true);
    expect([bestMs, presentMs]).toEqual([plan.periodMs, 20]);
  });

  test.each<[string, PlannedStage[], PlanRoom]>([
    ['a device that is gone', onTwo('a', 'z'), room],
    ['more than a device may hold', [{ device: 'a', start: 0, end: 4 }], room],
    ['not all blocks', onTwo('a', 'b').slice(0, 1), room],
    ['a device twice', onTwo('a', 'a'), roomy],
    ['a pair without a link', onTwo('a', 'b'), { ...room, links: room.links.slice(1) }],
    [
      'not the devices that must',
      onTwo('a', 'b'),
      { ...room, devices: room.devices.map((d) => ({ ...d, required: true })) },
    ],
    ['a last block away from home', onTwo('a', 'b'), { ...roomy, endsAtHome: true }],
  ])('present stages are not judged where the room forbids them: %s', (_, present, some) => {
    expect(answer('fastest', present, some).presentMs).toBeNull();
  });

  test('says why there is no plan', () => {
    const one = { ...room, devices: room.devices.slice(0, 1) };
    expect(decide({ room: one, mode: 'most', present: null })).toEqual({
      infeasible: expect.stringContaining('4 bytes'),
    });
  });
});

describe('tell', () => {
  test('what the room would be without each device, and with one more like it', () => {
    const { plan } = answer('fastest');
    const { whatIf, explanation, front } = tell({ room, mode: 'fastest', present: null }, plan);
    expect(whatIf).toEqual([
      { kind: 'without', device: 'a', factor: (40 + 1 + 3 + 3) / 42 },
      { kind: 'another', device: 'a', factor: 1 },
      { kind: 'without', device: 'b', factor: 46 / 42 },
      { kind: 'another', device: 'b', factor: 1 },
    ]);
    expect(explanation.leftOut).toEqual([{ device: 'c', why: 'slower', addsMs: 4 }]);
    expect(front[0]).toMatchObject({ latencyMs: 42, devices: 2 });
  });

  test('for a stream, in answers a second', () => {
    const slow = {
      ...roomy,
      devices: roomy.devices.map((d) => (d.id === 'c' ? { ...d, memoryBytes: 0 } : d)),
    };
    const { plan } = answer('most', null, slow);
    const { whatIf } = tell({ room: slow, mode: 'most', present: null }, plan);
    expect(plan.periodMs).toBe(20);
    expect(whatIf.map(({ factor }) => factor?.toFixed(3))).toEqual(['2.000', '0.667', '2.000', '0.667']);
  });

  test('a device without which there is no plan', () => {
    const two = { ...room, devices: room.devices.slice(0, 2) };
    const { plan } = answer('fastest', null, two);
    const { whatIf } = tell({ room: two, mode: 'fastest', present: null }, plan);
    expect(whatIf.filter(({ kind }) => kind === 'without').map(({ factor }) => factor)).toEqual([null, null]);
  });

  test('in a room of ten, without is never better and another never worse', () => {
    const large = meshOf(10, 64);
    for (const mode of ['most', { everyMs: 60 }] as const) {
      const { plan } = answer(mode, null, large);
      const startedAt = performance.now();
      const { front, whatIf } = tell({ room: large, mode, present: null }, plan);
      console.info(`tell, 10 devices x 64 blocks: ${(performance.now() - startedAt).toFixed(0)} ms`);
      expect(front.length).toBeGreaterThan(3);
      expect(
        whatIf.every(
          ({ kind, factor }) => factor === null || (kind === 'another' ? factor <= 1 : factor >= 1),
        ),
      ).toBe(true);
    }
  }, 120_000);
});
