import type { PeerId } from '../../core/ids.ts';
import type { DeviceCard } from '../../core/session/state.ts';

/** A device like all others, measured. */
export function cardOf(peer: PeerId): DeviceCard {
  return {
    peer,
    name: peer.slice(0, 1),
    browser: 'Node',
    platform: 'Linux',
    form: 'computer',
    status: 'ready',
    progress: null,
    refusal: null,
    profile: {
      provider: 'wasm',
      threads: 1,
      runtime: 'wasm',
      benchMs: 10,
      tried: [],
      memoryBytes: 1e9,
      adapter: null,
    },
    hidden: false,
  };
}
