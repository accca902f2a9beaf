import type { HubEntry } from '../store.ts';
export function hubModels(): readonly HubEntry[] { return []; }
export function findHubModel(id: string): HubEntry & { address: string } { throw new Error(id); }
