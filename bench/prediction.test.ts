import { expect, it } from 'vitest';
import { errorsOf, predictionTable } from './prediction.ts';

const off = (share: number) => ({ predicted: 100 * (1 + share), measured: 100 });

it('judges the median and the ninetieth percentile of the errors, to either side', () => {
  expect(errorsOf([off(0.05), off(-0.08), off(0.2)])).toMatchObject({ good: true });
  expect(errorsOf([off(0.05), off(-0.12), off(0.2)])).toMatchObject({ good: false });
  expect(errorsOf([off(0.05), off(-0.08), off(0.6)])).toMatchObject({ good: false });
});

it('without any plan nothing is good', () => {
  expect(errorsOf([]).good).toBe(false);
});

it('shows each plan and each that is missing', () => {
  const plan = {
    model: 'm.onnx',
    choice: 'fastest',
    stages: '0-4 on 100%',
    latencyMs: off(0.1),
    perSecond: off(-0.1),
    stageMs: [off(0)],
  };
  const text = predictionTable([plan], [{ model: 'm.onnx', choice: 'everyone', why: 'It hung.' }]);
  expect(text).toMatch(/m\.onnx +fastest +110\.0 +100\.0 +1\.10 +90\.00 +100\.00 +0\.90 +0-4 on 100%/);
  expect(text).toContain('everyone: not measured. It hung.');
});
