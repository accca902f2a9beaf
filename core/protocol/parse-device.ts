import * as v from 'valibot';
import type { DeviceCard, DeviceProfile, LoadReport, PlanMode, Progress } from '../session/state.ts';

import {
  amount,
  count,
  epoch,
  LINE,
  listOf,
  name,
  PARAGRAPH,
  peer,
  prose,
  type SchemaOf,
  share,
  stageIndex,
} from './parse-basics.ts';

const provider = v.picklist(['webgpu', 'wasm', 'cpu', 'cuda']);
export const mode: SchemaOf<PlanMode> = v.union([
  v.picklist(['fastest', 'most', 'everyone']),
  v.object({ everyMs: amount }),
]);

export const progress: SchemaOf<Progress> = v.object({
  step: prose(LINE),
  fraction: v.nullable(share),
  bytesDone: v.exactOptional(amount),
  bytesTotal: v.exactOptional(amount),
  secondsLeft: v.exactOptional(amount),
});

const profile: SchemaOf<DeviceProfile> = v.object({
  provider,
  threads: v.pipe(count, v.maxValue(1024)),
  runtime: v.picklist(['wasm', 'jspi', 'asyncify', 'node']),
  benchMs: amount,
  tried: listOf(v.object({ provider, benchMs: v.nullable(amount), why: v.nullable(prose(PARAGRAPH)) }), 8),
  memoryBytes: amount,
  largestTensorBytes: v.exactOptional(amount),
  packMsPerByte: v.exactOptional(amount),
  packMsPerMessage: v.exactOptional(amount),
  adapter: v.nullable(prose(LINE)),
});

export const card: SchemaOf<DeviceCard> = v.object({
  peer,
  name: prose(LINE),
  browser: prose(LINE),
  platform: prose(LINE),
  form: v.picklist(['phone', 'tablet', 'computer', 'server']),
  status: v.picklist(['measuring', 'ready', 'refused']),
  progress: v.nullable(progress),
  refusal: v.nullable(prose(PARAGRAPH)),
  profile: v.nullable(profile),
  hidden: v.boolean(),
  heir: v.exactOptional(name),
  battery: v.exactOptional(v.object({ charge: share, charging: v.boolean() })),
  pressure: v.exactOptional(v.picklist(['fair', 'serious', 'critical'])),
});

export const load: SchemaOf<LoadReport> = v.object({
  at: amount,
  busy: share,
  msPerItem: v.nullable(amount),
  queue: count,
  items: count,
  bytesIn: amount,
  bytesOut: amount,
  busyMs: amount,
  memoryBytes: amount,
  peakMemoryBytes: amount,
  // Two stages at most, under the plan in force and the one before.
  paces: v.exactOptional(listOf(v.object({ epoch, stage: stageIndex, ms: amount, items: count }), 8)),
  sequences: v.exactOptional(count),
});
