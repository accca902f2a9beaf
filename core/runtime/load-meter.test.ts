import { expect, it } from 'vitest';
import { LoadMeter } from './load-meter.ts';

it('is half busy when half of the time was spent computing, a run under way included', () => {
  const meter = new LoadMeter();
  meter.sample(1000);
  meter.started(1200);
  meter.finished(1500, 290);
  meter.started(1800);
  expect(meter.sample(2000)).toEqual({ busy: 0.5, busyMs: 500, items: 1, msPerItem: 290 });
  meter.finished(2100, 300);
  expect(meter.sample(3000).busy).toBeCloseTo(0.1);
});

it('forgets the times of the stage before, not the work done', () => {
  const meter = new LoadMeter();
  meter.started(0);
  meter.finished(10, 9);
  meter.stageChanged();
  expect(meter.sample(100)).toMatchObject({ items: 1, busyMs: 10, msPerItem: null });
});

it('counts a failed run as time but not as an item', () => {
  const meter = new LoadMeter();
  meter.started(0);
  meter.failed(40);
  expect(meter.sample(100)).toMatchObject({ items: 0, busyMs: 40 });
});
