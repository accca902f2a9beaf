import { type Device, type DeviceOptions, launchDevice } from './browser.ts';
import { readRoomQr } from './qr.ts';
import { directlyLinked, readyDevices, until } from './session-page.ts';

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
  /** Tuning of each device's own page, such as `?provider=wasm&threads=1`; device 0 leads. */
  readonly query?: string | ((device: number) => string);
  /** Folders of an earlier visit, leader's first, to come back as the same browsers. */
  readonly profiles?: readonly string[];
  /** Percent of one core for each device's browser, the last number for all that follow; no limit if left out. */
  readonly cpu?: readonly number[];
  /** Wait until no pair is reached through the server. */
  readonly direct?: boolean;
}

const SLOW_ROOM_MS = 300_000;

/** Opens a room in one browser and joins it from the others by the link in its QR code, as people do. */
export async function openRoom(options: RoomOptions): Promise<Room> {
  const { origin, devices, device, query = '', profiles, cpu, direct } = options;
  const queryOf = (index: number): string => (typeof query === 'string' ? query : query(index));
  const launch = (index: number): Promise<Device> => {
    const profile = profiles?.[index];
    const percent = cpu?.[index] ?? cpu?.at(-1);
    return launchDevice({
      ...device,
      ...(profile === undefined ? {} : { profile }),
      ...(percent === undefined ? {} : { cpu: percent }),
    });
  };
  const launched: Device[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(launched.map((each) => each.close()));
  };
  try {
    const leader = await launch(0);
    launched.push(leader);
    await leader.page.goto(`${origin}/${queryOf(0)}`);
    const link = await readRoomQr(leader.page);
    for (let i = 1; i < devices; i++) {
      const follower = await launch(i);
      launched.push(follower);
      await follower.page.goto(withQuery(link, queryOf(i)));
    }
    // One at a tenth of a core takes minutes to measure itself.
    const patience = cpu === undefined ? undefined : SLOW_ROOM_MS;
    for (const { page } of launched)
      await until(page, `${devices} devices ready`, readyDevices(devices), patience);
    if (direct) for (const { page } of launched) await until(page, 'linked directly', directlyLinked);
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
