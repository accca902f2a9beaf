import type { VNode } from 'preact';
import type { DeviceState } from '../../core/session/state.ts';
import { Details } from './details.tsx';
import { lazy } from './lazy.tsx';

const DevicePairs = lazy(async () => (await import('./device-pairs.tsx')).DevicePairs);

/** One tap deeper: the engineer's numbers of one device. */
export function DeviceDetails({ device }: { readonly device: DeviceState }): VNode {
  return (
    <Details title="Details">
      <DevicePairs device={device} />
    </Details>
  );
}
