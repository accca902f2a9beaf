import type { VNode } from 'preact';
import type { DeviceProfile, DeviceState } from '../../core/session/state.ts';
import { bytes, ms } from './format.ts';
import { Pair } from './pair.tsx';

const LINKS: Readonly<Record<DeviceState['link']['kind'], string>> = {
  self: 'this device',
  connecting: 'being made',
  direct: 'direct',
  turn: 'through a TURN server (no direct way was found)',
  relayed: 'through the signaling server (no direct way was found; it is tried again)',
  lost: 'lost; being made again',
};

const PROVIDERS: Readonly<Record<DeviceProfile['provider'], string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  cpu: 'CPU',
  cuda: 'CUDA',
};

/** The engineer's numbers of one device. */
export function DevicePairs({ device }: { readonly device: DeviceState }): VNode {
  const { card, load, link } = device;
  const { profile } = card;
  return (
    <dl class="pairs">
      {profile && (
        <>
          <Pair
            name="Runs on"
            value={`${PROVIDERS[profile.provider]} (${profile.runtime}), ${profile.threads} thread${profile.threads === 1 ? '' : 's'}`}
          />
          <Pair name="Graphics adapter" value={profile.adapter ?? 'none offered'} />
          {profile.tried.map((tried) => (
            <Pair
              key={tried.provider}
              name={`Tried ${PROVIDERS[tried.provider]}`}
              value={[tried.benchMs === null ? null : `${ms(tried.benchMs)} for 16 digits`, tried.why]
                .filter(Boolean)
                .join('; ')}
            />
          ))}
        </>
      )}
      {profile && <Pair name="Memory lent" value={bytes(profile.memoryBytes)} />}
      {load.memoryBytes > 0 && <Pair name="Memory in use" value={bytes(load.memoryBytes)} />}
      {load.peakMemoryBytes > 0 && <Pair name="Memory at most so far" value={bytes(load.peakMemoryBytes)} />}
      <Pair name="Link" value={LINKS[link.kind]} />
      {link.kind !== 'self' && <Pair name="Round trip" value={ms(link.rttMs)} />}
      {link.mbitPerSec !== null && (
        <Pair name="Bandwidth" value={`${link.mbitPerSec.toFixed(link.mbitPerSec < 10 ? 1 : 0)} Mbit/s`} />
      )}
      <Pair name="Received" value={bytes(load.bytesIn)} />
      <Pair name="Sent" value={bytes(load.bytesOut)} />
      <Pair name="Items computed" value={String(load.items)} />
      <Pair name="Time computing" value={ms(load.busyMs)} />
    </dl>
  );
}
