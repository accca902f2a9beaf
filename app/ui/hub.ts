import type { DeviceState } from '../../core/session/state.ts';
import type { HubEntry } from '../session/store.ts';
import { count } from './format.ts';

/** Models for one purpose. */
export interface HubGroup {
  readonly purpose: string;
  readonly entries: readonly HubEntry[];
}

/** Purposes in the order in which they first come; within one, the small models first. */
export function groupHub(entries: readonly HubEntry[]): readonly HubGroup[] {
  const groups = new Map<string, HubEntry[]>();
  for (const entry of entries) groups.set(entry.purpose, [...(groups.get(entry.purpose) ?? []), entry]);
  return [...groups].map(([purpose, members]) => ({
    purpose,
    entries: members.sort((a, b) => a.aboutBytes - b.aboutBytes),
  }));
}

/**
 * What a model of `weightBytes` lacks in this room, in words, or null when the devices' lent memory holds it
 * together or no device has told yet. Only about: state and workspace come on top, and a device may lend more.
 */
export function lacking(weightBytes: number, devices: readonly DeviceState[]): string | null {
  const lent = devices.flatMap(({ card }) =>
    card.status === 'ready' && card.profile ? [card.profile.memoryBytes] : [],
  );
  const together = lent.reduce((sum, memory) => sum + memory, 0);
  if (together <= 0 || weightBytes <= together) return null;
  const more = Math.ceil((weightBytes - together) / (together / lent.length));
  return `needs about ${count(more, 'more device')} like ${lent.length === 1 ? 'this' : 'these'}`;
}
