import type { OpenModel } from '../../core/runtime/open-model.ts';
import { subtleDigest } from '../../core/weights/digest.ts';
import { Shelf } from '../../core/weights/shelf.ts';
import type { OrtLike } from '../../worker/ort.ts';
import { LAPTOP, type Page, PHONE, RoomUnderTest, running, TABLET } from '../../worker/room-under-test.ts';
import { modelFrom } from '../model-from.ts';
import { type Door, type DoorOptions, openDoor } from './door.ts';

export const KEY = 'potluck-test-key';

/** A door into a room in this process: the real runtime, on links in memory. */
export interface DoorUnderTest {
  readonly url: string;
  readonly room: RoomUnderTest;
  readonly pages: readonly Page[];
  /** What the door did not tell its callers. */
  readonly reports: readonly unknown[];
  /** A call with the key and a body of JSON. */
  call(path: string, body?: unknown, more?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

interface ModelUnderTest {
  /** A file, or what opens one; null: there is none. */
  readonly model: string | ((shelf: Shelf) => Promise<OpenModel>) | null;
  readonly devices?: number;
}

/** Opens a model in a room of so many devices, and a door at the last of them. */
export async function doorUnderTest(
  ort: OrtLike,
  { model, devices = 1, ...rules }: ModelUnderTest & Partial<DoorOptions>,
): Promise<DoorUnderTest> {
  const room = new RoomUnderTest(ort);
  const pages = [LAPTOP, PHONE, TABLET].slice(0, devices).map((peer) => room.join(peer));
  const page = pages.at(-1);
  if (!page) throw new Error('no devices');
  for (const each of pages) each.entered(LAPTOP);
  if (model !== null) {
    const shelf = new Shelf(room.storeOf(LAPTOP), subtleDigest(crypto.subtle));
    pages[0]?.leader?.setMode('everyone');
    const opened = typeof model === 'string' ? modelFrom(model, shelf, () => undefined) : model(shelf);
    await pages[0]?.leader?.open(await opened);
    for (const each of pages) await running(each, devices);
  }
  const reports: unknown[] = [];
  const visit = {
    member: page.member,
    get state() {
      return page.state();
    },
  };
  const door: Door = await openDoor({
    host: '127.0.0.1',
    port: 0,
    key: KEY,
    hosts: [],
    origins: [],
    room: () => visit,
    report: (error) => reports.push(error),
    ...rules,
  });
  return {
    url: door.url,
    room,
    pages,
    reports,
    call: (path, body, more = {}) =>
      fetch(`${door.url}${path}`, {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        ...more,
      }),
    close: async () => {
      await door.close();
      room.close();
    },
  };
}
