import { expect, test } from 'vitest';
import type { PeerId } from '../ids.ts';
import type { LeadershipMessage } from '../protocol/messages.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import { Leadership } from './leadership.ts';

const names = ['a', 'b', 'c', 'd'].map((name) => name.repeat(16) as PeerId);
const [A, B, C, D] = names as [PeerId, PeerId, PeerId, PeerId];

/** Devices that say to each other who leads, each message a millisecond on its way. */
class Room {
  readonly clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
  readonly devices = new Map<PeerId, Leadership>();
  readonly orders = new Map<PeerId, readonly PeerId[]>();

  join(me: PeerId, leader: PeerId): void {
    const others = this.devices.size;
    const peers = (): PeerId[] => [...this.devices.keys()].filter((peer) => peer !== me);
    const device = new Leadership({
      me,
      clock: this.clock,
      say: (to, message) => void this.clock.setTimeout(() => this.devices.get(to)?.hear(me, message), 1),
      peers,
      inOrder: (among) => (this.orders.get(me) ?? names).filter((peer) => among.includes(peer)),
      silence: () => 0,
      online: () => true,
      took: () => undefined,
      followed: () => undefined,
      follows: () => undefined,
      lost: () => undefined,
    });
    for (const [peer, other] of this.devices)
      this.clock.setTimeout(() => other.peerUp(me), peer === me ? 0 : 1);
    this.devices.set(me, device);
    for (const peer of peers()) device.peerUp(peer);
    device.entered(leader, others);
  }

  leave(peer: PeerId): void {
    this.devices.get(peer)?.close();
    this.devices.delete(peer);
    for (const other of this.devices.values()) other.peerDown(peer);
  }

  get views(): readonly (PeerId | undefined)[] {
    return [...this.devices.values()].map(({ leader }) => leader);
  }

  get leading(): readonly PeerId[] {
    return [...this.devices].flatMap(([peer, { leads }]) => (leads ? [peer] : []));
  }
}

async function roomOfFour(): Promise<Room> {
  const room = new Room();
  for (const peer of names) room.join(peer, A);
  await room.clock.pass(1000);
  return room;
}

test('the next in order leads when the leader goes, and everybody follows', async () => {
  const room = await roomOfFour();
  room.leave(A);
  await room.clock.pass(5000);
  expect(room.leading).toEqual([B]);
  expect(room.devices.get(B)?.followers).toEqual([C, D]);
});

test('several that each think it is their turn come to one leader, whom all follow', async () => {
  const room = await roomOfFour();
  for (const peer of [B, C, D]) room.orders.set(peer, [peer, ...names]);
  room.leave(A);
  await room.clock.pass(5000);
  expect(room.leading).toHaveLength(1);
  const [leader] = room.leading;
  expect(new Set(room.views)).toEqual(new Set([leader]));
  expect(leader && room.devices.get(leader)?.followers).toHaveLength(2);
});

test('a device that did not heed a claim, as it followed another then, asks whoever is said to lead', async () => {
  const clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
  const said: [PeerId, LeadershipMessage][] = [];
  const nothing = (): void => undefined;
  const device: Leadership = new Leadership({
    me: D,
    clock,
    say: (to, message) => void said.push([to, message]),
    peers: () => [B, C],
    inOrder: (among) => names.filter((peer) => among.includes(peer)),
    silence: () => Number.POSITIVE_INFINITY,
    online: () => true,
    took: nothing,
    followed: nothing,
    follows: nothing,
    lost: nothing,
  });
  device.entered(A, 3);
  device.hear(A, { type: 'office', term: 1, leader: A, followers: 1 });
  device.hear(B, { type: 'office', term: 2, leader: B, followers: 1 });
  expect(device.leader).toBe(A);
  device.peerDown(A);
  device.hear(C, { type: 'office', term: 2, leader: B, followers: 0 });
  await clock.pass(2000);
  expect(said).toContainEqual([B, { type: 'office', term: 2, leader: null, followers: 0 }]);
});
