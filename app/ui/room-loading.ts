import type { Epoch, PeerId } from '../../core/ids.ts';
import { holdersOf } from '../../core/session/holders.ts';
import type { DeviceState, PlanView, Progress } from '../../core/session/state.ts';
import { count } from './format.ts';
import { holderCount } from './holdings.ts';
import { deviceOf } from './select.ts';

interface Amount {
  readonly done: number;
  readonly total: number;
}

/** The bytes of every device that was seen to load under one plan; a device that is done says nothing of it any more. */
export interface Loads {
  readonly epoch: Epoch;
  readonly amounts: ReadonlyMap<PeerId, Amount>;
}

/** Adds to `before` what the devices say now; null when no layers are on their way. */
export function followLoads(
  before: Loads | null,
  plan: PlanView | null,
  devices: readonly DeviceState[],
): Loads | null {
  if (plan?.status !== 'loading') return null;
  const known = before?.epoch === plan.epoch ? before.amounts : new Map<PeerId, Amount>();
  const amounts = new Map<PeerId, Amount>();
  for (const [peer, weightBytes] of weightsOf(plan)) {
    const progress = deviceOf(devices, peer)?.loading;
    const seen = known.get(peer);
    if (progress?.bytesTotal !== undefined) {
      amounts.set(peer, { done: progress.bytesDone ?? 0, total: progress.bytesTotal });
    } else if (seen || progress) {
      // All is there: the device starts its layers, or has started them.
      const total = seen?.total ?? weightBytes;
      amounts.set(peer, { done: total, total });
    }
  }
  return { epoch: plan.epoch, amounts };
}

/** Bytes that each device holds once all is there: of two stages, or of a copy. */
function weightsOf(plan: PlanView): ReadonlyMap<PeerId, number> {
  const bytes = new Map<PeerId, number>();
  for (const stage of plan.stages)
    for (const { peer } of holdersOf(stage)) bytes.set(peer, (bytes.get(peer) ?? 0) + stage.weightBytes);
  return bytes;
}

/** One line for the whole room. It is ready with its last device, so the longest time left is the room's. */
export function roomProgress(loads: Loads, plan: PlanView, devices: readonly DeviceState[]): Progress {
  const amounts = [...loads.amounts.values()];
  const bytesDone = sum(amounts.map(({ done }) => done));
  const bytesTotal = sum(amounts.map(({ total }) => total));
  if (bytesTotal === 0) return { step: onTheWay(plan), fraction: null };
  if (bytesDone >= bytesTotal) return { step: 'Starting the layers', fraction: 1, bytesDone, bytesTotal };
  const waits = [...loads.amounts]
    .filter(([, { done, total }]) => done < total)
    .map(([peer]) => deviceOf(devices, peer)?.loading?.secondsLeft);
  const known = waits.filter((seconds) => seconds !== undefined);
  return {
    step: onTheWay(plan),
    fraction: bytesDone / bytesTotal,
    bytesDone,
    bytesTotal,
    ...(known.length === waits.length ? { secondsLeft: Math.max(...known) } : {}),
  };
}

/** Where the loading stands, in words that change four times only: for those who listen to the page. */
export function milestone({ step, fraction }: Progress): string {
  const quarter = Math.floor((fraction ?? 0) * 4);
  const arrived = ['', 'A quarter has arrived.', 'Half has arrived.', 'Three quarters have arrived.'][
    quarter
  ];
  return arrived ? `${step}. ${arrived}` : `${step}.`;
}

function onTheWay(plan: PlanView): string {
  return `Layers on their way to ${count(holderCount(plan), 'device')}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
