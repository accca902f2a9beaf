import { expect, test } from 'vitest';
import type { Epoch, PeerId } from '../../core/ids.ts';
import type { DeviceState, PlanView, Progress } from '../../core/session/state.ts';
import { followLoads, milestone, roomProgress } from './room-loading.ts';

const [a, b] = ['a', 'b'] as PeerId[] as [PeerId, PeerId];

function device(peer: PeerId, loading: Progress | null): DeviceState {
  return { card: { peer }, loading } as DeviceState;
}

function receiving(bytesDone: number, bytesTotal: number, secondsLeft?: number): Progress {
  const rest = secondsLeft === undefined ? {} : { secondsLeft };
  return { step: 'Receiving its layers', fraction: bytesDone / bytesTotal, bytesDone, bytesTotal, ...rest };
}

function plan(epoch: number, status: PlanView['status'] = 'loading'): PlanView {
  return {
    epoch: epoch as Epoch,
    status,
    stages: [
      { peer: a, weightBytes: 39 },
      { peer: b, weightBytes: 59 },
    ],
  } as unknown as PlanView;
}

function room(...states: (readonly [Progress | null, Progress | null])[]): Progress {
  let loads = null;
  let devices: DeviceState[] = [];
  for (const [first, second] of states) {
    devices = [device(a, first), device(b, second)];
    loads = followLoads(loads, plan(1), devices);
  }
  if (!loads) throw new Error('a plan that loads was expected');
  return roomProgress(loads, plan(1), devices);
}

test('the room adds its devices up and waits for the last of them', () => {
  expect(room([receiving(10, 40, 3), receiving(20, 60, 8)])).toEqual({
    step: 'Layers on their way to 2 devices',
    fraction: 0.3,
    bytesDone: 30,
    bytesTotal: 100,
    secondsLeft: 8,
  });
});

test('a device that is done still counts as done', () => {
  const done = room([receiving(10, 40, 3), receiving(20, 60, 8)], [null, receiving(30, 60, 5)]);
  expect(done).toMatchObject({ bytesDone: 70, bytesTotal: 100, secondsLeft: 5 });
});

test('a device that starts its layers has them all, though this page saw none come', () => {
  const starting: Progress = { step: 'Loading its layers', fraction: null };
  expect(room([starting, receiving(0, 60)])).toMatchObject({ bytesDone: 39, bytesTotal: 99 });
});

test('no time is told while one device that still receives knows none', () => {
  expect(room([receiving(10, 40, 3), receiving(0, 60)])).not.toHaveProperty('secondsLeft');
  expect(room([receiving(40, 40), receiving(20, 60, 8)])).toHaveProperty('secondsLeft', 8);
});

test('before the first byte is told, the end is not known', () => {
  expect(room([null, null])).toEqual({ step: 'Layers on their way to 2 devices', fraction: null });
});

test('when all bytes are there, the layers start', () => {
  const starting: Progress = { step: 'Loading its layers', fraction: null };
  const all = room([receiving(10, 40), receiving(20, 60)], [starting, null]);
  expect(all).toMatchObject({ step: 'Starting the layers', fraction: 1 });
});

test('another plan begins from nothing, and one that runs has nothing on its way', () => {
  const devices = [device(a, receiving(10, 40)), device(b, null)];
  const first = followLoads(null, plan(1), devices);
  expect(followLoads(first, plan(2), [device(a, null), device(b, null)])?.amounts.size).toBe(0);
  expect(followLoads(first, plan(1, 'running'), devices)).toBeNull();
});

test('milestones change four times over a whole load', () => {
  const said = Array.from({ length: 1000 }, (_, i) =>
    milestone({ step: 'Layers on their way', fraction: i / 1000 }),
  );
  expect([...new Set(said)]).toEqual([
    'Layers on their way.',
    'Layers on their way. A quarter has arrived.',
    'Layers on their way. Half has arrived.',
    'Layers on their way. Three quarters have arrived.',
  ]);
  expect(milestone({ step: 'Starting the layers', fraction: 1 })).toBe('Starting the layers.');
});
