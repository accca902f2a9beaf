import { expect, test } from 'vitest';
import type { PeerId } from '../../core/ids.ts';
import { below, pick, type Random, seeded } from '../../core/protocol/mutations.ts';
import type { FromServer } from '../../core/protocol/signaling.ts';
import { id, Page, Servers, settled } from './shared-pages.ts';
import type { SharedRooms } from './shared-rooms.ts';

/** So many stories of one room at three processes, each of so many events. */
const STORIES = 150;
const EVENTS = 40;

/** A device with its present page; as the client does, it comes again when it is shown out of no fault of its own. */
class Device {
  readonly peer: PeerId;
  page: Page | undefined;
  /** Whom it was told to be there, by all pages since it came in. */
  readonly there = new Set<PeerId>();
  isInside = false;
  leads = false;

  constructor(peer: PeerId) {
    this.peer = peer;
  }

  enter(rooms: SharedRooms, opens: boolean): void {
    this.forget();
    this.page = opens ? new Page(rooms, this.peer).open() : new Page(rooms, this.peer).join();
  }

  /** Takes in what it was told. */
  hear(): void {
    for (const message of this.page?.news() ?? []) this.#hear(message);
    if (this.page?.isClosed) this.forget();
  }

  forget(): void {
    this.page?.close();
    this.page = undefined;
    this.there.clear();
    this.isInside = false;
  }

  #hear(message: FromServer): void {
    if (message.type === 'welcome') {
      this.there.clear();
      for (const peer of message.peers) this.there.add(peer);
      this.isInside = true;
      this.leads = message.leader === this.peer;
    } else if (message.type === 'peer-joined') this.there.add(message.peer);
    else if (message.type === 'peer-left') this.there.delete(message.peer);
    else if (message.type === 'leading') this.leads = true;
  }
}

async function story(random: Random): Promise<void> {
  const servers = new Servers();
  const processes = await Promise.all(['a', 'b', 'c'].map((base) => servers.start(base)));
  const devices = Array.from({ length: 6 }, (_, n) => new Device(id(n + 1)));
  let term = 0;
  const events: (() => unknown)[] = [
    () => pick(random, devices).enter(pick(random, processes), below(random, 2) === 0),
    () => pick(random, devices).enter(pick(random, processes), false),
    () => pick(random, devices).enter(pick(random, processes), false),
    () => pick(random, devices).page?.close(),
    () => pick(random, devices).page?.say({ type: 'leave' }),
    () => pick(random, devices).page?.say({ type: 'lead', term: ++term }),
    () => servers.exchanges.cut(pick(random, ['nobody', ...servers.exchanges.names()])),
    // Cut off without noticing, as a frozen process is.
    () => servers.exchanges.kill(pick(random, ['nobody', ...servers.exchanges.names()])),
    () => servers.exchanges.down(),
    () => servers.exchanges.up(),
    () => servers.exchanges.up(),
    () => {
      servers.exchanges.down();
      servers.exchanges.rooms.clear();
    },
    () => servers.pass(below(random, 3) * 1000),
    () => settled(),
    () => settled(),
  ];
  for (let n = 0; n < EVENTS; n++) {
    await pick(random, events)();
    // Sometimes in the middle of what is on its way.
    if (below(random, 3) > 0)
      for (let turns = below(random, 8); turns > 0; turns--) await new Promise(setImmediate);
    for (const device of devices) device.hear();
  }
  servers.exchanges.up();
  while (!processes.every(({ isConnected }) => isConnected)) await new Promise((go) => setTimeout(go, 5));
  await settled();
  for (const device of devices) device.hear();
  await servers.pass(25_000);
  for (const device of devices) device.hear();
  const inside = devices.filter(({ isInside }) => isInside);
  for (const device of inside) {
    const others = inside.filter((other) => other !== device).map(({ peer }) => peer);
    expect([...device.there].sort()).toEqual(others.sort());
  }
  // Whoever is inside reaches everybody else.
  for (const from of inside) {
    for (const to of inside) {
      if (from === to) continue;
      from.page?.say({ type: 'signal', to: to.peer, sealed: `from-${from.peer}` });
    }
  }
  await settled();
  for (const device of inside) {
    const senders = (device.page?.told ?? []).flatMap((message) =>
      message.type === 'signal' ? [message.from] : [],
    );
    expect(senders.sort()).toEqual(
      inside
        .filter((other) => other !== device)
        .map(({ peer }) => peer)
        .sort(),
    );
  }
  for (const device of devices) device.page?.say({ type: 'leave' });
  await servers.pass(3000);
  expect(processes.map(({ visitors }) => visitors)).toEqual([0, 0, 0]);
  await servers.close();
}

test(`${STORIES} stories of devices, processes and an exchange that come and go end with everybody inside knowing and reaching all others`, async () => {
  for (let seed = 1; seed <= STORIES; seed++) {
    await story(seeded(seed)).catch((error: unknown) => {
      throw new Error(`story ${seed}`, { cause: error });
    });
  }
}, 120_000);
