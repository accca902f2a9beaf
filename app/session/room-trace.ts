import type { PeerId } from '../../core/ids.ts';
import type { Member } from '../../core/runtime/member.ts';
import type { SessionState } from '../../core/session/state.ts';
import type { ChromeTrace } from '../../core/trace/chrome-event.ts';
import { chromeTrace } from '../../core/trace/chrome-trace.ts';

/** What all devices did lately, on the clock of this one. Devices that do not answer within seconds are named in it. */
export async function roomTrace(member: Member, state: () => SessionState): Promise<ChromeTrace> {
  const { desk } = await member.tracing.load();
  const { devices, missing } = await desk.collect();
  const { devices: cards, lastRun } = state();
  // Those who are gone still appear in what others noted.
  const nameOf = (peer: PeerId | undefined): string =>
    cards.find(({ card }) => card.peer === peer)?.card.name ??
    (peer && lastRun?.names[peer]) ??
    (peer ? `device ${peer.slice(0, 4)}` : 'a device');
  return chromeTrace(devices, missing, nameOf);
}

/** Hands the person a file with it. Returns the names of those who did not answer. */
export async function saveRoomTrace(member: Member, state: () => SessionState): Promise<readonly string[]> {
  const trace = await roomTrace(member, state);
  const address = URL.createObjectURL(new Blob([JSON.stringify(trace)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `potluck-${state().room}-trace.json`;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return trace.otherData.missing;
}
