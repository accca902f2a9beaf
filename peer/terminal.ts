import { renderUnicodeCompact } from 'uqr';
import { holdsLayers } from '../core/session/holders.ts';
import type { SessionState } from '../core/session/state.ts';

/** What the others hear of a peer that was told to end (core/session/farewell). */
export const STOPPED: string = 'closed the peer';

/** The link and its QR code, for the phones in the room. */
export function invitation(address: string, isTerminal: boolean): string {
  return `\n${code(address, isTerminal)}\n\n  Scan the code, or open  ${address}\n`;
}

/** White on black whatever the terminal's colours are: not every phone reads a code the other way round. */
function code(address: string, isTerminal: boolean): string {
  const lines = renderUnicodeCompact(address, { border: 2 }).split('\n');
  return lines.map((line) => (isTerminal ? `  \x1b[97;40m${line}\x1b[0m` : `  ${line}`)).join('\n');
}

/** The lines that a change of the session is worth: the room's log, and what this peer does. */
export function newsOf(before: SessionState, after: SessionState): readonly string[] {
  const known = new Set(before.log.map(({ id }) => id));
  const log = after.log.filter(({ id }) => !known.has(id)).map(({ what, more }) => `${what} ${more}`.trim());
  return [...log.reverse(), ...phaseNews(before, after), ...ownNews(before, after)];
}

function phaseNews({ phase: was }: SessionState, { phase }: SessionState): string[] {
  const lines: string[] = [];
  if (phase.kind !== was.kind && phase.kind === 'knocking') lines.push('Waiting to be let in.');
  if (phase.kind !== was.kind && phase.kind === 'open') lines.push('In the room.');
  if (phase.kind !== was.kind && phase.kind === 'ended') {
    lines.push(phase.message === STOPPED ? 'Stopped.' : phase.message);
  }
  return lines;
}

/** What this peer measured, and which layers it holds. */
function ownNews(before: SessionState, after: SessionState): string[] {
  const lines: string[] = [];
  const [was, is] = [ownCard(before), ownCard(after)];
  if (is?.status === 'ready' && was?.status !== 'ready' && is.profile) {
    const { threads, benchMs, memoryBytes } = is.profile;
    const times = `${benchMs.toFixed(1)} ms for 16 digits on ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    lines.push(`Measured: ${times}; ${(memoryBytes / 1e9).toFixed(1)} GB for layers.`);
  }
  if (is?.status === 'refused' && was?.status !== 'refused') lines.push(`Holds nothing: ${is.refusal}`);
  const [held, holds] = [layersOf(before), layersOf(after)];
  if (holds !== held) lines.push(holds === '' ? 'Holds no layers now.' : `Holds ${holds}.`);
  if (after.model !== before.model && after.model.kind === 'failed') lines.push(after.model.message);
  return lines;
}

function ownCard({ devices, me }: SessionState) {
  return devices.find(({ card }) => card.peer === me)?.card;
}

function layersOf({ plan, me }: SessionState): string {
  if (plan?.status !== 'running' || !holdsLayers(plan, me)) return '';
  const own = plan.stages.filter((stage) => holdsLayers({ ...plan, stages: [stage] }, me));
  const last = plan.stages.at(-1)?.end ?? 0;
  return `layers ${own.map(({ start, end }) => `${start + 1} to ${end}`).join(' and ')} of ${last}`;
}
