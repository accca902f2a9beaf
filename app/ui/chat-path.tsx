import type { VNode } from 'preact';
import { holdersOf } from '../../core/session/holders.ts';
import type { SessionState } from '../../core/session/state.ts';
import { percent } from './format.ts';
import { colourOf, deviceOf } from './select.ts';

/** The devices that each word passes, in order, and how busy each is right now. */
export function ChatPath({ state }: { readonly state: SessionState }): VNode | null {
  const { plan, devices } = state;
  if (!plan) return null;
  const peers = plan.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer));
  return (
    <ol class="chat-path" aria-label="At work">
      {[...new Set(peers)].map((peer) => {
        const device = deviceOf(devices, peer);
        return (
          <li key={peer} style={{ '--c': colourOf(device) }}>
            <i class="dot" style={{ '--c': colourOf(device) }} />
            {device?.card.name ?? 'a device that left'} <b>{percent(device?.load.busy ?? 0)}</b>
          </li>
        );
      })}
    </ol>
  );
}
