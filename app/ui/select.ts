import type { PeerId } from '../../core/ids.ts';
import type {
  DeviceState,
  LoadReport,
  ModelState,
  PlanView,
  Progress,
  RequestView,
  SessionState,
} from '../../core/session/state.ts';
import { count } from './format.ts';
import { type Holding, holdingsOf } from './holdings.ts';

/** Questions that several views ask of the state; each a pure function of it. */

/** This page's own device; undefined before it has joined. */
export function ownDevice(state: SessionState): DeviceState | undefined {
  return deviceOf(state.devices, state.me);
}

export function deviceOf(devices: readonly DeviceState[], peer: PeerId): DeviceState | undefined {
  return devices.find((device) => device.card.peer === peer);
}

/** What to call a device; one that has just gone is "a device that left". */
export function nameOf(devices: readonly DeviceState[], peer: PeerId): string {
  return deviceOf(devices, peer)?.card.name ?? 'a device that left';
}

/** The colour that is this device everywhere, as a CSS value. */
export function colourOf(device: DeviceState | undefined): string {
  return device ? `var(--d${((device.colour - 1) % 8) + 1})` : 'var(--soft)';
}

/** What a device is doing, most pressing first. */
export type Occupation =
  | { readonly kind: 'measuring'; readonly progress: Progress | null }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'loading'; readonly progress: Progress; readonly held: readonly Holding[] }
  | { readonly kind: 'stage'; readonly held: readonly Holding[] }
  | { readonly kind: 'left-out'; readonly reason: string }
  | { readonly kind: 'idle' };

export function occupation(device: DeviceState, plan: PlanView | null): Occupation {
  const { card } = device;
  if (card.status === 'measuring') return { kind: 'measuring', progress: card.progress };
  if (card.status === 'refused')
    return { kind: 'refused', reason: card.refusal ?? 'It may not hold layers, and gave no reason.' };
  const held = holdingsOf(plan, card.peer);
  if (device.loading) return { kind: 'loading', progress: device.loading, held };
  if (held.length > 0) return { kind: 'stage', held };
  const out = plan?.leftOut.find((entry) => entry.peer === card.peer);
  return out ? { kind: 'left-out', reason: out.reason } : { kind: 'idle' };
}

/** "4 devices, all linked", "3 devices, 1 relayed", "signaling server away". */
export function linkSummary(state: SessionState): { readonly text: string; readonly tone: 'good' | 'warn' } {
  const all = count(state.devices.length, 'device');
  const having = (kind: string): number => state.devices.filter((device) => device.link.kind === kind).length;
  const [lost, connecting] = [having('lost'), having('connecting')];
  const [relayed, turn] = [having('relayed'), having('turn')];
  if (state.server === 'away') return { text: `${all}, signaling server away`, tone: 'warn' };
  if (lost > 0) return { text: `${all}, ${lost} out of reach`, tone: 'warn' };
  if (connecting > 0) return { text: `${all}, linking ${connecting}`, tone: 'warn' };
  if (relayed > 0) return { text: `${all}, ${relayed} relayed`, tone: 'good' };
  if (turn > 0) return { text: `${all}, ${turn} through TURN`, tone: 'good' };
  return { text: state.devices.length > 1 ? `${all}, all linked` : all, tone: 'good' };
}

/** True while some question is on its way through the chain. */
export function atWork(requests: readonly RequestView[]): boolean {
  return requests.some((request) => request.status === 'running' || request.status === 'waiting');
}

/** Why nothing can be asked just now, in words, or null when it can. */
export function whyNotYet(state: SessionState): string | null {
  if (state.phase.kind !== 'open') return 'The room is not open';
  if (state.model.kind === 'opening') return 'Opening the model…';
  if (state.model.kind !== 'ready') return 'No model is open';
  if (state.plan?.status === 'running') return null;
  if (state.preparing) return `${state.preparing.step}…`;
  if (state.plan) return 'Layers are on their way…';
  return lostDevice(state) === null ? 'Measuring the devices…' : 'Sharing the layers anew…';
}

/** The device whose layers the others are about to take; null while there is a plan, or there was none. */
export function lostDevice({ plan, lastRun }: SessionState): string | null {
  return (plan === null && lastRun?.lost?.name) || null;
}

/** What flows in and out at the ends of the chain. */
export function ends(model: ModelState): { readonly into: string; readonly back: string } {
  if (model.kind === 'ready' && model.card.language) return { into: 'your text in', back: 'next word back' };
  const kind = model.kind === 'ready' ? model.card.task.kind : 'tensors';
  if (kind === 'draw-digit') return { into: 'your drawing in', back: 'answer back' };
  if (kind === 'classify-image') return { into: 'your picture in', back: 'answer back' };
  return { into: 'your numbers in', back: 'result back' };
}

/** Busy share as a sentence, for those who cannot see the line. */
export function busyInWords(history: readonly LoadReport[]): string {
  const busy = history.map((report) => Math.round(report.busy * 100));
  const now = busy.at(-1);
  if (now === undefined) return 'No load measured yet';
  const mean = Math.round(busy.reduce((sum, value) => sum + value, 0) / busy.length);
  return `Busy over the last ${count(busy.length, 'second')}: now ${now}%, on average ${mean}%, at most ${Math.max(...busy)}%`;
}
