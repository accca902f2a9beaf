import type { PeerId } from '../ids.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { PlanDevice } from '../plan/room.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { LinkReport } from '../protocol/messages.ts';
import { holdersOf } from '../session/holders.ts';
import type { DeviceCard, LoadReport, PlanRules, PlanView } from '../session/state.ts';
import type { Cause } from './because.ts';
import { Paces } from './paces.ts';
import { isLow, type PlanningRoom, planningRoom } from './plan-room.ts';
import { Settling } from './settling.ts';

/** A device whose pace changed by more than this is the reason for what happens next. */
const NOTEWORTHY = 1.3;
/** A device that takes this much longer at work than it measured, and was left out, is asked again after a while. */
const SLOW = 1.3;
const LOOK_AGAIN_MS = 20_000;

/** The leader's book of the room: what devices say of themselves, measured of this model, and show at work. */
export class RoomBook {
  readonly cards: Map<PeerId, DeviceCard> = new Map();
  readonly links: Map<PeerId, readonly LinkReport[]> = new Map();
  /** Devices that failed to load a stage of this model, and why: not asked again until the next model. */
  readonly failed: Map<PeerId, string> = new Map();
  /** Devices whose results were wrong: that outlasts models, and their coming and going. */
  aside: ReadonlySet<PeerId> = new Set();
  readonly #paces = new Paces();
  readonly #times = new Map<PeerId, DeviceTimes>();
  readonly #settling = new Settling();
  /** Devices as measured, before what the items that pass have shown. */
  #measured: ReadonlyMap<string, PlanDevice> = new Map();
  /** Items of the present plan whose times have been learned from, by stage and device. */
  readonly #heard = new Map<string, number>();

  /** True once items of the present plan have passed. */
  get hasSeenItems(): boolean {
    return this.#heard.size > 0;
  }

  nameOf(peer: PeerId): string {
    return this.cards.get(peer)?.name ?? 'A device';
  }

  /** Another model: what was learned of the one before says nothing of it. */
  newModel(): void {
    this.failed.clear();
    this.#paces.clear();
    this.#times.clear();
    this.#settling.clear();
  }

  newPlan(): void {
    this.#heard.clear();
  }

  forget(peer: PeerId): void {
    this.cards.delete(peer);
    this.links.delete(peer);
    this.failed.delete(peer);
    this.#times.delete(peer);
    this.#settling.forget(peer);
    this.#paces.forget(peer);
  }

  /** Takes a device's card; returns what it means for the plan under these rules, if anything. */
  card(card: DeviceCard, rules: PlanRules): Cause | 'news' | undefined {
    const before = this.cards.get(card.peer);
    this.cards.set(card.peer, card);
    const { peer, name } = card;
    if (card.status === 'ready' && before?.status !== 'ready') return { kind: 'joined', peer, name };
    if (before && before.hidden !== card.hidden)
      return { kind: card.hidden ? 'hidden' : 'shown', peer, name };
    if (card.pressure === 'critical' && before?.pressure !== 'critical') return { kind: 'hot', peer, name };
    const low = isLow(card, rules);
    if (before && low !== isLow(before, rules)) return { kind: low ? 'low' : 'charged', peer, name };
    const facts = (of: DeviceCard | undefined): string =>
      JSON.stringify([of?.status, of?.battery, of?.pressure, of?.profile]);
    return facts(before) === facts(card) ? undefined : 'news';
  }

  /** A device has measured the model, or measured it again: unless it is as before, its pace begins anew. */
  measured(peer: PeerId, times: DeviceTimes, now: number): void {
    this.#times.set(peer, times);
    if (this.#settling.measured(peer, times, now)) this.#paces.recovered(peer);
    else this.#paces.forget(peer);
  }

  /** What devices measured of this model. */
  get times(): ReadonlyMap<PeerId, DeviceTimes> {
    return this.#times;
  }

  /** True when it is this device's turn to measure the model once more, in a room at rest. */
  shouldMeasureAgain(peer: PeerId, now: number): boolean {
    return this.#settling.isDue(peer, now);
  }

  /** Learns from the items that have passed a device since its last report; what that means, if there were any. */
  learn(
    plan: PlanView | null,
    peer: PeerId,
    { paces = [] }: LoadReport,
    now: number,
  ): Cause | 'news' | undefined {
    let learned = false;
    let times = 1;
    for (const { epoch, stage: index, ms, items } of paces) {
      const stage = plan?.epoch === epoch ? plan.stages[index] : undefined;
      const device = this.#measured.get(peer);
      const key = `${peer}/${index}`;
      if (!stage || !device || (this.#heard.get(key) ?? 0) >= items) continue;
      if (!holdersOf(stage).some((holder) => holder.peer === peer)) continue;
      this.#heard.set(key, items);
      const { blockMs, perItemMs = 0 } = device;
      const expectedMs = sumOf(blockMs.slice(stage.start, stage.end)) + perItemMs;
      const share = expectedMs / (sumOf(blockMs) + perItemMs);
      times *= this.#paces.learn(peer, { range: stage, ms, expectedMs, share }, now) ?? 1;
      learned = true;
    }
    if (learned) this.#settling.worked(peer, this.#paces.factor(peer));
    if (!learned) return undefined;
    if (times > NOTEWORTHY) return { kind: 'slower', peer, times };
    return times < 1 / NOTEWORTHY ? { kind: 'quicker', peer, times: 1 / times } : 'news';
  }

  /** True now and then for a device that was slow when it last worked: it may have recovered, and only it can tell. */
  mayHaveRecovered(peer: PeerId, now: number): boolean {
    const slow = this.#paces.strain(peer) > SLOW;
    if (!slow || now - (this.#paces.toldAt(peer) ?? now) < LOOK_AGAIN_MS) return false;
    this.#paces.looked(peer, now);
    return true;
  }

  /** The planner's room of the devices that are `here`. */
  room(
    home: PeerId,
    here: readonly PeerId[],
    calibration: Calibration,
    rules: PlanRules,
    strict: boolean,
  ): PlanningRoom {
    const present = new Set([home, ...here]);
    const planning = planningRoom(
      {
        home,
        cards: [...this.cards.values()].filter(({ peer }) => present.has(peer)),
        links: this.links,
        failed: this.failed,
        aside: this.aside,
        calibration,
        rules,
        paces: this.#paces,
        times: this.#times,
      },
      strict,
    );
    this.#measured = new Map(planning.measured.map((device) => [device.id, device]));
    return planning;
  }
}

function sumOf(times: readonly number[]): number {
  return times.reduce((sum, each) => sum + each, 0);
}
