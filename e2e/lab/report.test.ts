import { expect, it } from 'vitest';
import { type LabReport, tableOf } from './report.ts';

const REPORT: LabReport = {
  model: 'm.onnx',
  devices: [
    {
      name: 'A',
      provider: 'wasm',
      threads: 1,
      cpuPercent: 50,
      link: { delayMs: 20, mbitPerSec: 40 },
      ways: ['turn', 'direct', 'turn'],
      stage: { start: 0, end: 3 },
      predictedMs: 8,
      measuredMs: 8.25,
      weightBytes: 2048,
      bytesReceived: 1024,
      busyMs: 12.4,
      peakMemoryBytes: 250e6,
      browserGrowthBytes: 301e6,
    },
    {
      name: 'B',
      provider: 'wasm',
      threads: 1,
      cpuPercent: null,
      link: null,
      ways: ['relayed'],
      stage: null,
      predictedMs: null,
      measuredMs: null,
      weightBytes: 0,
      bytesReceived: 0,
      busyMs: 0,
      peakMemoryBytes: 0,
      browserGrowthBytes: null,
    },
  ],
  preparation: { roomMs: 4000, modelMs: 6500 },
  originRatio: 1.001,
  plan: { predictedLatencyMs: 10, predictedPeriodMs: 5 },
  split: { latencyMs: { median: 11, p95: 12 }, throughputPerSec: 90 },
  whole: { latencyMs: { median: 9, p95: 9.5 } },
  verify: { ok: false, maxAbsDiff: 1, maxRelDiff: 0.5, argmaxEqual: true, findings: ['output "y" differs'] },
  errors: ['A: something broke'],
};

it('shows every device, also one that is left out', () => {
  expect(tableOf(REPORT)).toMatch(
    /A +wasm x1 +50% +20ms\/40 +turn\+direct +0-3 +8.0 +8.3 +2 +1 +250 +301 +12\nB +wasm x1 +free +free +relayed +left out +- +-/,
  );
});

it('says what differs and what broke', () => {
  expect(tableOf(REPORT)).toContain('DIFFERENT');
  expect(tableOf(REPORT)).toContain('output "y" differs');
  expect(tableOf(REPORT)).toContain('A: something broke');
});

it('has a line for each fault', () => {
  const faults = [
    { kind: 'kill', device: 2, at: 3, recoveredMs: 812, lost: 0, duplicated: 0, outputEqual: true } as const,
  ];
  expect(tableOf({ ...REPORT, faults })).toMatch(/kill of device 2 at 3: answers again after 812 ms, 0 lost/);
  expect(tableOf(REPORT)).not.toContain('fault');
});
