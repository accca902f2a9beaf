import type { PlanMode } from '../session/state.ts';
import { holdersOf } from './estimate.ts';
import { aimMs, planBy } from './modes.ts';
import type { WhatIfDevice } from './question.ts';
import type { PlanDevice, PlanLink, PlanResult, PlanRoom } from './room.ts';
import { roomSearch } from './room-search.ts';

/** In a larger room it would take too long to plan without, and with one more of, each device. */
const MOST_DEVICES = 16;

/** How much the plan owes to each device that holds a stage, and what one more like it would bring. */
export function whatIf(room: PlanRoom, mode: PlanMode, plan: PlanResult): WhatIfDevice[] {
  if (room.devices.length > MOST_DEVICES) return [];
  const bestMs = aimMs(mode, plan);
  const held = new Set(plan.stages.flatMap(holdersOf));
  return room.devices
    .filter(({ id }) => held.has(id))
    .flatMap((device): WhatIfDevice[] => {
      const { id } = device;
      const without = { ...room, devices: room.devices.filter((other) => other.id !== id) };
      const less = factorOf(without, mode, plan, bestMs);
      const more = withAnother(room, device);
      // Whatever is possible without one more is possible with it: a search that finds less is the search's fault.
      const factor = more && Math.min(1, factorOf(more, mode, plan, bestMs) ?? 1);
      return [
        { kind: 'without', device: id, factor: less && Math.max(1, less) },
        ...(factor === undefined ? [] : [{ kind: 'another' as const, device: id, factor }]),
      ];
    });
}

/** Null where the room has no plan; Infinity where none keeps a pace that the plan keeps. */
function factorOf(room: PlanRoom, mode: PlanMode, plan: PlanResult, bestMs: number): number | null {
  const other = planBy(mode, roomSearch(room, { quick: true }));
  if ('infeasible' in other) return null;
  const sameAim = other.tooOften === plan.tooOften;
  const otherMs = sameAim ? aimMs(mode, other) : other.periodMs;
  return otherMs / (sameAim ? bestMs : plan.periodMs);
}

/**
 * One more device like this one, to which every other has a link as to this one. Between the two, and from home to one
 * like home, it is the best link that this one has; a room of one device knows of none.
 */
function withAnother(room: PlanRoom, device: PlanDevice): PlanRoom | undefined {
  const id = freshId(room, device.id);
  const own = room.links.filter((link) => (link.from === device.id) !== (link.to === device.id));
  const best = own.reduce<PlanLink | undefined>(
    (least, link) => (!least || timeOf(room, link) < timeOf(room, least) ? link : least),
    undefined,
  );
  if (!best) return undefined;
  const { required: _, ...like } = device;
  const links = own.map((link) => (link.from === device.id ? { ...link, from: id } : { ...link, to: id }));
  return {
    ...room,
    devices: [...room.devices, { ...like, id }],
    links: [...room.links, ...links, { ...best, from: device.id, to: id }],
  };
}

/** For the largest activation. */
function timeOf({ blocks }: PlanRoom, { delayMs, mbitPerSec }: PlanLink): number {
  const bytes = blocks.reduce((most, block) => Math.max(most, block.outputBytes), 0);
  return delayMs + (bytes * 8) / (mbitPerSec * 1000);
}

function freshId({ devices, home }: PlanRoom, like: string): string {
  const taken = new Set([home, ...devices.map(({ id }) => id)]);
  let id = `${like} again`;
  while (taken.has(id)) id += ' again';
  return id;
}
