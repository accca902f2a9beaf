import type { VNode } from 'preact';
import type { DeviceCard } from '../../core/session/state.ts';
import { percent } from './format.ts';

/** How the device itself fares: its battery, and whether it runs hot; nothing where it does not tell. */
export function Condition({ card }: { readonly card: DeviceCard }): VNode | null {
  const { battery, pressure } = card;
  const hot = pressure === 'serious' || pressure === 'critical';
  if (!battery && !hot) return null;
  return (
    <span class="condition">
      {hot && (
        <span data-tone="warn" title="Its system says that it works as hard as it can bear">
          {pressure === 'critical' ? 'hot' : 'warm'}
        </span>
      )}
      {battery && (
        <span>
          {battery.charging ? 'charging' : 'battery'} {percent(battery.charge)}
        </span>
      )}
    </span>
  );
}
