import type { PeerId } from '../ids.ts';
import { type DeviceTimes, roomFrom } from '../plan/profile.ts';
import type { PlanDevice, PlanRoom } from '../plan/room.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { LinkReport } from '../protocol/messages.ts';
import type { DeviceCard, PlanRules, PlanView } from '../session/state.ts';
import type { Paces } from './paces.ts';

/** A tab in the background ran 2.7 times slower in Chrome (field.md); until it has shown how slow it is here. */
const HIDDEN_FACTOR = 2.7;
/** A hot device soon clocks down by about this. */
const HOT_FACTOR = 1.3;

/** What the leader knows of the room. */
export interface RoomKnowledge {
  /** The leader's own device, which measured the model. */
  readonly home: PeerId;
  /** Devices that are here. */
  readonly cards: readonly DeviceCard[];
  readonly links: ReadonlyMap<PeerId, readonly LinkReport[]>;
  /** Devices that failed with this model, and why. */
  readonly failed: ReadonlyMap<PeerId, string>;
  /** Devices whose results were wrong. */
  readonly aside?: ReadonlySet<PeerId>;
  readonly calibration: Calibration;
  readonly rules: PlanRules;
  readonly paces: Paces;
  /** What devices measured of this model. */
  readonly times: ReadonlyMap<PeerId, DeviceTimes>;
}

export interface PlanningRoom {
  readonly room: PlanRoom;
  /** The same devices as they were measured, before anything that work has shown. */
  readonly measured: readonly PlanDevice[];
  /** What devices measured themselves, as far as they did. */
  readonly times: ReadonlyMap<PeerId, DeviceTimes>;
  /** Ready devices that must not, or had better not, hold layers now; and why. */
  readonly out: PlanView['leftOut'];
}

/**
 * The planner's room as it is now: what was measured, what the items that pass show, what people laid down. `strict`:
 * devices in a poor condition are left out too, which is forgone where nothing else would work.
 */
export function planningRoom(known: RoomKnowledge, strict: boolean): PlanningRoom {
  const { home, cards, links, calibration, rules } = known;
  const ready = cards.filter(({ peer, status, profile }) => {
    return status === 'ready' && profile && !known.failed.has(peer);
  });
  const reasons = new Map(
    ready.map((card) => [
      card.peer,
      (known.aside?.has(card.peer) ? 'Its results were wrong.' : againstRules(card, rules)) ??
        (strict && !isPinned(card, rules) ? poorCondition(card, home) : null),
    ]),
  );
  const usable = ready.filter(({ peer }) => reasons.get(peer) === null);
  const room = roomFrom({
    home,
    model: calibration,
    modelBenchMs: cards.find(({ peer }) => peer === home)?.profile?.benchMs ?? 1,
    devices: usable.flatMap(({ peer, profile }) =>
      profile ? [{ ...profile, id: peer, times: known.times.get(peer) }] : [],
    ),
    links: [...links].flatMap(([from, reports]) =>
      reports.map(({ peer, ...link }) => ({ from, to: peer, ...link })),
    ),
  });
  return {
    room: {
      ...room,
      ...(rules.endsAtHome && { endsAtHome: true }),
      devices: room.devices.map((device) => asNow(device, known)),
    },
    measured: room.devices,
    times: known.times,
    out: ready.flatMap(({ peer }) => {
      const reason = reasons.get(peer);
      return reason ? [{ peer, reason }] : [];
    }),
  };
}

/** The device's times as they are at work now. */
function asNow(device: PlanDevice, { cards, rules, paces }: RoomKnowledge): PlanDevice {
  const card = cards.find(({ peer }) => peer === device.id);
  const peer = device.id as PeerId;
  const unknown = paces.toldAt(peer) === undefined;
  const condition =
    (unknown && card?.hidden ? HIDDEN_FACTOR : 1) *
    (unknown && card?.pressure === 'serious' ? HOT_FACTOR : 1);
  return {
    ...device,
    blockMs: device.blockMs.map((ms, block) => ms * paces.factorOf(peer, block) * condition),
    ...(device.perItemMs !== undefined && {
      perItemMs: device.perItemMs * paces.factor(peer) * condition,
    }),
    ...(rules.pinnedIn.includes(peer) && { required: true }),
  };
}

function isPinned({ peer }: DeviceCard, { pinnedIn }: PlanRules): boolean {
  return pinnedIn.includes(peer);
}

function againstRules(card: DeviceCard, rules: PlanRules): string | null {
  if (rules.pinnedOut.includes(card.peer)) return 'You left it out.';
  if (!isLow(card, rules)) return null;
  return `Its battery is at ${percent(card.battery?.charge ?? 0)}, below your limit of ${percent(rules.batteryFloor)}.`;
}

/** True for a device that runs on a battery with less than people want to take from. */
export function isLow({ battery }: DeviceCard, { batteryFloor }: PlanRules): boolean {
  return battery !== undefined && !battery.charging && battery.charge < batteryFloor;
}

/** A phone freezes its hidden pages within seconds (facts.md C), so it had better be left out before. */
function poorCondition({ peer, hidden, form, pressure }: DeviceCard, home: PeerId): string | null {
  if (hidden && peer !== home && form !== 'computer' && form !== 'server')
    return 'Its tab is in the background.';
  return pressure === 'critical' ? 'It runs too hot.' : null;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
