import { aligned } from '../e2e/lab/report.ts';
import { quantile } from './statistics.ts';

/** A number that the page showed before, and what it was then. */
export interface Predicted {
  readonly predicted: number;
  readonly measured: number;
}

/** One plan for one model. */
export interface PredictedPlan {
  readonly model: string;
  /** As a person would ask for it. */
  readonly choice: string;
  readonly stages: string;
  readonly latencyMs: Predicted;
  readonly perSecond: Predicted;
  /** Of one item, for each stage, on the device that the plan names first. */
  readonly stageMs: readonly Predicted[];
}

/** A plan that could not be had or measured, and why. */
export interface MissingPlan {
  readonly model: string;
  readonly choice: string;
  readonly why: string;
}

/** How far off a prediction may be. */
const MEDIAN_LIMIT = 0.1;
const P90_LIMIT = 0.25;

export interface PredictionErrors {
  readonly median: number;
  readonly p90: number;
  readonly good: boolean;
}

/** How far the predictions are from what was measured, as a share of that. */
export function errorsOf(list: readonly Predicted[]): PredictionErrors {
  const errors = list.map(({ predicted, measured }) => Math.abs(predicted / measured - 1));
  if (errors.length === 0) return { median: Number.NaN, p90: Number.NaN, good: false };
  const [median, p90] = [quantile(errors, 0.5), quantile(errors, 0.9)];
  return { median, p90, good: median < MEDIAN_LIMIT && p90 < P90_LIMIT };
}

/** Predicted over measured for all plans, and how far off they are. */
export function predictionTable(plans: readonly PredictedPlan[], missing: readonly MissingPlan[]): string {
  const rows = plans.map(({ model, choice, stages, latencyMs, perSecond }) => [
    model,
    choice,
    ...[latencyMs.predicted, latencyMs.measured].map((value) => value.toFixed(1)),
    ratio(latencyMs),
    ...[perSecond.predicted, perSecond.measured].map((value) => value.toFixed(2)),
    ratio(perSecond),
    stages,
  ]);
  const both = plans.flatMap(({ latencyMs, perSecond }) => [latencyMs, perSecond]);
  return [
    aligned([
      ['model', 'plan', 'ms predicted', 'measured', 'ratio', '1/s predicted', 'measured', 'ratio', 'layers'],
      ...rows,
    ]),
    ...missing.map(({ model, choice, why }) => `${model}, ${choice}: not measured. ${why}`),
    '',
    errorLine(
      'latency',
      plans.map(({ latencyMs }) => latencyMs),
    ),
    errorLine(
      'answers a second',
      plans.map(({ perSecond }) => perSecond),
    ),
    errorLine('both', both),
    errorLine(
      'single stages (no limit)',
      plans.flatMap(({ stageMs }) => stageMs),
    ),
  ].join('\n');
}

function errorLine(what: string, list: readonly Predicted[]): string {
  const { median, p90, good } = errorsOf(list);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return (
    `error of ${what}: median ${percent(median)} (< ${percent(MEDIAN_LIMIT)}), ` +
    `p90 ${percent(p90)} (< ${percent(P90_LIMIT)})  ${good ? 'good' : 'poor'}`
  );
}

function ratio({ predicted, measured }: Predicted): string {
  return (predicted / measured).toFixed(2);
}
