import { expect, test } from 'vitest';
import type { Epoch, PeerId } from '../ids.ts';
import type { PlanView } from '../session/state.ts';
import { RecoveryWatch } from './recovery-watch.ts';

const [ME, PHONE, TABLET] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId, PeerId];

function plan(epoch: number, peers: readonly PeerId[], status: PlanView['status'] = 'running'): PlanView {
  const stages = peers.map((peer, at) => {
    return { peer, start: at, end: at + 1, weightBytes: 0, sendsBytes: 0, predictedMs: 1 };
  });
  const numbers = { predictedLatencyMs: 1, predictedPeriodMs: 1, alone: null, optimal: true, leftOut: [] };
  return { epoch: epoch as Epoch, mode: 'everyone', blocks: peers.length, stages, ...numbers, status };
}

function atWork(): RecoveryWatch {
  const watch = new RecoveryWatch();
  watch.planned(plan(1, [ME, PHONE]), 0);
  watch.heard(PHONE, 900);
  return watch;
}

test('counts from the loss to the next answer, part by part', () => {
  const watch = atWork();
  watch.again();
  watch.lost(PHONE, 1000);
  watch.planned(null, 1001);
  watch.planned(plan(2, [ME], 'loading'), 1300);
  watch.planned(plan(2, [ME], 'loading'), 1400);
  watch.planned(plan(2, [ME]), 2000);
  watch.again();
  watch.again();
  const parts = { noticeMs: 100, planMs: 300, loadMs: 700, answerMs: 50, redone: 2 };
  expect(watch.answered(990, 2050)).toEqual({ peer: PHONE, ...parts });
  expect(watch.answered(991, 2060)).toBeUndefined();
});

test('also where the leader noticed first, and has a plan already', () => {
  const watch = atWork();
  watch.planned(null, 950);
  watch.planned(plan(2, [ME], 'loading'), 960);
  watch.lost(PHONE, 1000);
  watch.planned(plan(2, [ME]), 1200);
  expect(watch.answered(900, 1210)).toMatchObject({ planMs: 0, loadMs: 200, answerMs: 10 });
});

test('a device that held nothing is no loss, nor is one without which a plan runs already', () => {
  const watch = atWork();
  watch.lost(TABLET, 1000);
  watch.planned(plan(2, [ME]), 1100);
  watch.lost(PHONE, 1200);
  watch.planned(plan(3, [ME]), 1300);
  expect(watch.answered(1050, 1400)).toBeUndefined();
});

test('the plan of before, told once more, is not the next one; an answer under it ends the matter', () => {
  const watch = atWork();
  watch.lost(PHONE, 1000);
  watch.planned(plan(1, [ME, PHONE]), 1100);
  expect(watch.answered(990, 1110)).toBeUndefined();
  expect(watch.answered(1050, 1120)).toBeUndefined();
  watch.planned(plan(2, [ME]), 90_000);
  expect(watch.answered(1130, 90_001)).toBeUndefined();
});

test('where nobody was kept waiting nothing is told', () => {
  const watch = atWork();
  watch.lost(PHONE, 1000);
  watch.planned(plan(2, [ME]), 1500);
  expect(watch.answered(60_000, 60_010)).toBeUndefined();
});
