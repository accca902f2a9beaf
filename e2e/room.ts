import { type Device, type DeviceOptions, launchDevice } from './browser.ts';
import { readRoomQr } from './qr.ts';
import { readyDevices, until } from './session-page.ts';

/** A room of separate browser processes. */
export interface Room {
  readonly leader: Device;
  readonly followers: readonly Device[];
  /** Leader first, then in order of joining. */
  readonly devices: readonly Device[];
  /** As read from the QR code on the leader's screen. */
  readonly link: string;
  close(): Promise<void>;
}

export interface RoomOptions {
  readonly origin: string;
  /** Leader included. */
  readonly devices: number;
  readonly device?: DeviceOptions;
  /** Tuning of each device's own page, such as `?provider=wasm&threads=1`. */
  readonly query?: string;
}

/** Opens a room in one browser and joins it from the others by the link in its QR code, as people do. */
export async function openRoom({ origin, devices, device, query = '' }: RoomOptions): Promise<Room> {
  const launched: Device[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(launched.map((each) => each.close()));
  };
  try {
    const leader = await launchDevice(device);
    launched.push(leader);
    await leader.page.goto(`${origin}/${query}`);
    const link = await readRoomQr(leader.page);
    for (let i = 1; i < devices; i++) {
      const follower = await launchDevice(device);
      launched.push(follower);
      await follower.page.goto(withQuery(link, query));
    }
    for (const { page } of launched) await until(page, `${devices} devices ready`, readyDevices(devices));
    return { leader, followers: launched.slice(1), devices: launched, link, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The same link with a query of this device's own; the secret stays behind it, in the fragment. */
function withQuery(link: string, query: string): string {
  const url = new URL(link);
  url.search = query;
  return url.href;
}
