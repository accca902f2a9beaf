import type { PeerId } from '../core/ids.ts';
import type { Device } from '../e2e/browser.ts';
import { buildLabOnce, LAB_BUILD } from '../e2e/build.ts';
import { labQuery } from '../e2e/lab/lab-query.ts';
import type { Emulation } from '../e2e/lab/page/emulation.ts';
import type { LinkShape } from '../e2e/lab/page/link-shape.ts';
import { openRoom, type Room } from '../e2e/room.ts';
import { startServing } from '../e2e/server.ts';
import { stateOf } from '../e2e/session-page.ts';

/** A room whose devices and links are as slow as it is asked for. */
export interface LabRoom extends Room {
  /** In the order of the devices. */
  readonly peers: readonly PeerId[];
  deviceOf(peer: PeerId): Device;
}

export interface LabRoomOptions {
  readonly devices: number;
  /** Percent of one core for each browser. */
  readonly cpu?: readonly number[];
  readonly shape?: LinkShape;
  readonly emulation?: Partial<Emulation>;
}

/** Opens a room of the lab's page for `use` and takes everything away afterwards, whatever happens. */
export async function withLabRoom<T>(
  { devices, cpu, shape, emulation }: LabRoomOptions,
  use: (room: LabRoom) => Promise<T>,
): Promise<T> {
  await buildLabOnce();
  const server = await startServing(LAB_BUILD);
  try {
    const room = await openRoom({
      origin: server.origin,
      devices,
      // One thread each, so that tabs on few cores do not fight over them (facts.md F). Another jitter on each.
      query: (seed) =>
        `?provider=wasm&threads=1${labQuery({ shape, ...(emulation && { emulation }), seed })}`,
      // Without a GPU the browser paints each frame of an animation on the cores that are measured.
      device: { context: { reducedMotion: 'reduce' } },
      ...(cpu && { cpu }),
      direct: true,
    });
    try {
      return await use(await named(room));
    } finally {
      await room.close();
    }
  } finally {
    await server.stop();
  }
}

async function named(room: Room): Promise<LabRoom> {
  const states = await Promise.all(room.devices.map(({ page }) => stateOf(page)));
  const peers = states.map((state) => {
    if (!state) throw new Error('A page of the room is gone.');
    return state.me;
  });
  const deviceOf = (peer: PeerId): Device => {
    const device = room.devices[peers.indexOf(peer)];
    if (!device) throw new Error(`No device of the room is ${peer}.`);
    return device;
  };
  return { ...room, peers, deviceOf };
}
