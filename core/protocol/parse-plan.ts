import * as v from 'valibot';
import type { Spread } from '../plan/profile.ts';
import type { PlanRules, PlanView, SetAside, StageView, WhatIf } from '../session/state.ts';
import type { LinkReport } from './messages.ts';
import {
  amount,
  count,
  epoch,
  LINE,
  listOf,
  MAX_DEVICES,
  PARAGRAPH,
  peer,
  prose,
  rate,
  request,
  type SchemaOf,
  share,
} from './parse-basics.ts';
import { mode } from './parse-device.ts';

export const spread: SchemaOf<Spread> = v.object({ low: amount, high: amount });

const stageView: SchemaOf<StageView> = v.pipe(
  v.object({
    peer,
    copies: v.exactOptional(listOf(v.object({ peer, predictedMs: amount }), MAX_DEVICES)),
    start: count,
    end: count,
    weightBytes: count,
    memoryBytes: v.exactOptional(amount),
    sendsBytes: amount,
    predictedMs: amount,
    spread: v.exactOptional(spread),
    estimatedBlocks: v.exactOptional(count),
  }),
  v.check(({ start, end }) => start < end, 'start below end'),
);

/** A front has at most one point for each pair of a device and a run of blocks; pages draw a few dozen. */
const MAX_FRONT = 256;
const whatIf: SchemaOf<WhatIf> = v.variant('kind', [
  v.object({ kind: v.literal('without'), peer, factor: v.nullable(amount) }),
  v.object({ kind: v.literal('another'), peer, factor: amount }),
]);

export const plan: SchemaOf<PlanView> = v.object({
  epoch,
  mode,
  blocks: count,
  stages: listOf(stageView, MAX_DEVICES),
  predictedLatencyMs: amount,
  predictedPeriodMs: amount,
  alone: v.nullable(v.object({ peer, latencyMs: amount })),
  optimal: v.boolean(),
  gap: v.exactOptional(amount),
  leftOut: listOf(v.object({ peer, reason: prose(PARAGRAPH) }), MAX_DEVICES),
  front: v.exactOptional(
    listOf(v.object({ latencyMs: amount, periodMs: amount, devices: count }), MAX_FRONT),
  ),
  whatIf: v.exactOptional(listOf(whatIf, 2 * MAX_DEVICES)),
  estimatedBlocks: v.exactOptional(count),
  now: v.exactOptional(v.object({ presentMs: amount, bestMs: amount })),
  because: v.exactOptional(prose(PARAGRAPH)),
  status: v.picklist(['loading', 'running']),
});

export const rules: SchemaOf<PlanRules> = v.object({
  pinnedIn: listOf(peer, MAX_DEVICES),
  pinnedOut: listOf(peer, MAX_DEVICES),
  endsAtHome: v.boolean(),
  batteryFloor: share,
  auditRate: v.exactOptional(share),
});

export const setAside: SchemaOf<SetAside> = v.object({
  peer,
  name: prose(LINE),
  evidence: v.object({
    epoch,
    start: count,
    end: count,
    origin: peer,
    request,
    difference: v.nullable(amount),
    tolerance: amount,
    recomputedBy: listOf(prose(LINE), MAX_DEVICES),
    times: count,
    uncheckedMs: amount,
  }),
});

export const link: SchemaOf<LinkReport> = v.object({
  peer,
  rttMs: amount,
  delayMs: v.exactOptional(amount),
  mbitPerSec: rate,
  steadyMbitPerSec: v.exactOptional(rate),
});
