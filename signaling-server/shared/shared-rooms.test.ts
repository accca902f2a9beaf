import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PeerId } from '../../core/ids.ts';
import type { FromServer } from '../../core/protocol/signaling.ts';
import { sentenceOf } from '../events.ts';
import { TurnAccess } from '../turn-access.ts';
import { id, Page, PROOF, ROOM, Servers, settled } from './shared-pages.ts';
import type { SharedRooms } from './shared-rooms.ts';

const [ANN, BOB, CID, DOT] = [id(1), id(2), id(3), id(4)];

let servers: Servers;
/** Two processes. */
let a: SharedRooms;
let b: SharedRooms;
beforeEach(async () => {
  servers = new Servers();
  a = await servers.start('a');
  b = await servers.start('b');
});
afterEach(() => servers.close());

const joined = (peer: PeerId): FromServer => ({ type: 'peer-joined', peer });
const left = (peer: PeerId, why: 'away' | 'gone'): FromServer => ({ type: 'peer-left', peer, why });
const welcome = (base: string, leader: PeerId, peers: PeerId[]): FromServer => ({
  type: 'welcome',
  leader,
  peers,
  iceServers: [{ urls: `stun:${base}` }],
});

/** The last word on each other peer, in the order of peers. */
function lastOf(news: FromServer[]): FromServer[] {
  const last = new Map<PeerId, FromServer>();
  for (const message of news)
    if (message.type === 'peer-left' || message.type === 'peer-joined') last.set(message.peer, message);
  return [...last].sort(([one], [other]) => one.localeCompare(other)).map(([, message]) => message);
}

async function pair(change: { askFirst?: boolean } = {}): Promise<[Page, Page]> {
  const ann = new Page(a, ANN).open(change);
  await settled();
  const bob = new Page(b, BOB).join();
  await settled();
  if (change.askFirst) ann.say({ type: 'admit', peer: BOB });
  await settled();
  for (const page of [ann, bob]) page.news();
  return [ann, bob];
}

test('members at different processes meet, and signal each other in order', async () => {
  const ann = new Page(a, ANN).open();
  await settled();
  const bob = new Page(b, BOB).join();
  await settled();
  const cid = new Page(a, CID).join();
  await settled();
  expect(ann.news()).toEqual([welcome('a', ANN, []), joined(BOB), joined(CID)]);
  expect(bob.news()).toEqual([welcome('b', ANN, [ANN]), joined(CID)]);
  expect(cid.news()).toEqual([welcome('a', ANN, [ANN, BOB])]);
  for (const sealed of ['one', 'two', 'three']) bob.say({ type: 'signal', to: ANN, sealed });
  ann.say({ type: 'signal', to: BOB, sealed: 'back' });
  await settled();
  bob.say({ type: 'leave' });
  await settled();
  expect(ann.news()).toEqual([
    ...['one', 'two', 'three'].map((sealed) => ({ type: 'signal', from: BOB, sealed })),
    left(BOB, 'gone'),
  ]);
  expect(bob.news()).toEqual([{ type: 'signal', from: ANN, sealed: 'back' }]);
  expect([bob.isClosed, cid.news()]).toEqual([true, [left(BOB, 'gone')]]);
});

test('a wrong secret learns nothing at another process either, and what processes share holds no secrets', async () => {
  const [ann] = await pair();
  const eve = new Page(b, DOT).join({ proof: 'q'.repeat(43) });
  await settled();
  expect(eve.told).toEqual([expect.objectContaining({ type: 'refused', reason: 'wrong-secret' })]);
  expect([eve.isClosed, b.route(eve, ANN), ann.news()]).toEqual([true, undefined, []]);
  const shared = JSON.stringify([...servers.exchanges.rooms.values()]);
  expect(shared).toContain(ANN);
  for (const secret of [PROOF, `key-${ANN}`, `key-${BOB}`]) expect(shared).not.toContain(secret);
  const arrival = { type: 'join', room: ROOM, peer: DOT, key: 'k', card: '' } as const;
  expect(await b.isProven({ ...arrival, proof: PROOF })).toBe(true);
  expect(await b.isProven({ ...arrival, proof: 'q'.repeat(43) })).toBe(false);
});

test('who knocks at one process is let in or denied by the leader at another', async () => {
  const ann = new Page(a, ANN).open({ askFirst: true });
  await settled();
  const [bob, cid] = [new Page(b, BOB).join(), new Page(b, CID).join()];
  await settled();
  expect([bob.news(), cid.news()]).toEqual([[{ type: 'wait' }], [{ type: 'wait' }]]);
  expect(ann.news().slice(1)).toEqual([BOB, CID].map((peer) => ({ type: 'knock', peer, card: 'Y2FyZA' })));
  bob.say({ type: 'signal', to: ANN, sealed: 'not inside' });
  ann.say({ type: 'admit', peer: BOB }).say({ type: 'deny', peer: CID });
  await settled();
  expect(bob.news()).toEqual([welcome('b', ANN, [ANN])]);
  expect([cid.refusal, cid.isClosed]).toEqual(['denied', true]);
  expect(ann.news()).toEqual([
    { type: 'knock-gone', peer: BOB },
    joined(BOB),
    { type: 'knock-gone', peer: CID },
  ]);
});

test('of 40 that come at once through two processes as many get in as there are places', async () => {
  new Page(a, ANN).open();
  await settled();
  const pages = Array.from({ length: 40 }, (_, i) => new Page(i % 2 ? a : b, id(100 + i)).join());
  for (let i = 0; i < 50; i++) await settled();
  const inside = pages.filter((page) => page.told.some(({ type }) => type === 'welcome'));
  expect(inside).toHaveLength(31);
  expect(pages.filter(({ refusal }) => refusal === 'room-full')).toHaveLength(9);
  // Everybody knows of everybody.
  for (const page of inside) {
    const known = page.told.flatMap((message) =>
      message.type === 'welcome' ? message.peers : message.type === 'peer-joined' ? [message.peer] : [],
    );
    expect(new Set(known).size).toBe(31);
    expect(known).toHaveLength(31);
  }
});

test('rooms of one name opened at once at two processes are one room', async () => {
  const ann = new Page(a, ANN).open();
  const bob = new Page(b, BOB).open({ proof: 'q'.repeat(43) });
  await settled();
  expect([ann, bob].map(({ refusal }) => refusal).sort()).toEqual(['room-taken', undefined].sort());
});

test('when a process dies its members are away, another one leads, and all come back elsewhere as themselves', async () => {
  const [, bob] = await pair({ askFirst: true });
  bob.say({ type: 'lead', term: 1 });
  await settled();
  expect(bob.news()).toEqual([]);
  servers.kill('a');
  await servers.pass(2000);
  expect(bob.news()).toEqual([left(ANN, 'away'), { type: 'leading', askFirst: true }]);
  const eve = new Page(b, ANN).join({ key: 'another key' });
  await settled();
  expect(eve.refusal).toBe('protocol');
  // It need not knock, and a newcomer need.
  const [ann, cid] = [new Page(b, ANN).join(), new Page(b, CID).join()];
  await settled();
  expect(ann.news()).toEqual([welcome('b', BOB, [BOB])]);
  expect(cid.news()).toEqual([{ type: 'wait' }]);
  expect(bob.news()).toEqual([joined(ANN), { type: 'knock', peer: CID, card: 'Y2FyZA' }]);
  await servers.pass(60_000);
  expect(ann.isClosed).toBe(false);
});

test('a process that died is noticed by the next word to one of its members', async () => {
  const [, bob] = await pair();
  servers.kill('a');
  bob.say({ type: 'signal', to: ANN, sealed: 'hello?' });
  await settled();
  expect(bob.news()).toEqual([left(ANN, 'away')]);
});

test('who comes back through another process before its death is noticed takes its own place', async () => {
  const [, bob] = await pair();
  servers.kill('a');
  const ann = new Page(b, ANN).open();
  await settled();
  expect(ann.news()).toEqual([welcome('b', ANN, [BOB])]);
  expect(bob.news()).toEqual([left(ANN, 'away'), joined(ANN)]);
  await servers.pass(30_000);
  expect(bob.news()).toEqual([]);
});

test('who enters again through another process is shown out of the first', async () => {
  const [ann, bob] = await pair();
  const again = new Page(a, BOB).join();
  await settled();
  expect([bob.refusal, bob.isClosed]).toEqual(['replaced', true]);
  expect(again.news()).toEqual([welcome('a', ANN, [ANN])]);
  expect(ann.news()).toEqual([left(BOB, 'away'), joined(BOB)]);
});

test('a member that does not come back is gone after its grace time, wherever others are', async () => {
  const [ann, bob] = await pair();
  bob.close();
  await settled();
  expect(ann.news()).toEqual([left(BOB, 'away')]);
  await servers.pass(22_000);
  expect(ann.news()).toEqual([left(BOB, 'gone')]);
});

test('without the exchange those of one process go on, newcomers are told to try again, and it recovers by itself', async () => {
  const [ann, bob] = await pair();
  const cid = new Page(a, CID).join();
  await settled();
  for (const page of [ann, bob, cid]) page.news();
  servers.exchanges.down();
  expect([ann.news(), cid.news()]).toEqual([[left(BOB, 'away')], [left(BOB, 'away')]]);
  expect(bob.news()).toEqual([left(ANN, 'away'), left(CID, 'away')]);
  ann.say({ type: 'signal', to: CID, sealed: 'still here' });
  ann.say({ type: 'signal', to: BOB, sealed: 'lost' });
  const dot = new Page(b, DOT).join();
  await settled();
  expect([dot.refusal, dot.isClosed]).toEqual(['unavailable', true]);
  expect(cid.news()).toEqual([{ type: 'signal', from: ANN, sealed: 'still here' }]);
  servers.exchanges.up();
  await expect.poll(() => [a.isConnected, b.isConnected]).toEqual([true, true]);
  await settled();
  // Both sides hear of it, so that packets between them begin anew; those of one process have lost nothing.
  const [annHeard, bobHeard, cidHeard] = [ann.news(), bob.news(), cid.news()];
  for (const news of [annHeard, cidHeard]) expect(lastOf(news)).toEqual([joined(BOB)]);
  expect(lastOf(bobHeard)).toEqual([joined(ANN), joined(CID)]);
  ann.say({ type: 'signal', to: BOB, sealed: 'there again' });
  await settled();
  expect(bob.news()).toEqual([{ type: 'signal', from: ANN, sealed: 'there again' }]);
  expect([ann, bob, cid].map(({ isClosed }) => isClosed)).toEqual([false, false, false]);
  expect(new Page(b, DOT).join().refusal).toBeUndefined();
});

test('an exchange that comes back empty is told what processes know, and nobody has to come again', async () => {
  const [ann, bob] = await pair({ askFirst: true });
  servers.exchanges.down();
  servers.exchanges.rooms.clear();
  servers.exchanges.up();
  await expect.poll(() => [a.isConnected, b.isConnected]).toEqual([true, true]);
  await settled();
  expect([ann.isClosed, bob.isClosed]).toEqual([false, false]);
  for (const page of [ann, bob]) page.news();
  const cid = new Page(b, CID).join();
  await settled();
  expect(cid.news()).toEqual([{ type: 'wait' }]);
  expect(ann.news()).toEqual([{ type: 'knock', peer: CID, card: 'Y2FyZA' }]);
  expect(servers.exchanges.rooms.size).toBe(1);
});

test('a room that Redis forgot is put back by the next change, or before long', async () => {
  const [ann, bob] = await pair();
  servers.exchanges.rooms.clear();
  const cid = new Page(a, CID).join();
  await settled();
  expect(cid.news()).toEqual([welcome('a', ANN, [ANN, BOB])]);
  expect([ann.news(), bob.news()]).toEqual([[joined(CID)], [joined(CID)]]);
  servers.exchanges.rooms.clear();
  await servers.pass(301_000);
  expect(servers.exchanges.rooms.size).toBe(1);
  expect([ann, bob, cid].map(({ isClosed }) => isClosed)).toEqual([false, false, false]);
});

test('what members do while there is no exchange is done when it is back', async () => {
  const [ann, bob] = await pair();
  servers.exchanges.down();
  ann.say({ type: 'leave' });
  bob.say({ type: 'lead', term: 1 });
  await settled();
  servers.exchanges.up();
  await expect.poll(() => bob.told).toContainEqual(left(ANN, 'gone'));
  await settled();
  expect(bob.news().map(({ type }) => type)).toContain('leading');
  const cid = new Page(a, CID).join();
  await settled();
  expect(cid.news()).toEqual([welcome('a', BOB, [BOB])]);
});

test('a process that was cut off hears what it missed; others hear that its members were away', async () => {
  const [ann, bob] = await pair();
  const cid = new Page(b, CID).join();
  await settled();
  for (const page of [ann, bob, cid]) page.news();
  servers.exchanges.cut('a-1');
  const dot = new Page(b, DOT).join();
  cid.say({ type: 'leave' });
  await settled();
  await expect.poll(() => a.isConnected).toBe(true);
  await settled();
  expect(ann.news()).toEqual([
    left(BOB, 'away'),
    left(CID, 'away'),
    left(CID, 'gone'),
    joined(BOB),
    joined(DOT),
  ]);
  expect(lastOf(bob.news())).toEqual([joined(ANN), left(CID, 'gone'), joined(DOT)]);
  dot.say({ type: 'signal', to: ANN, sealed: 'new name' });
  await settled();
  expect(ann.news()).toEqual([{ type: 'signal', from: DOT, sealed: 'new name' }]);
});

test('a leader that was cut off hears of those who knocked meanwhile', async () => {
  const [ann] = await pair({ askFirst: true });
  servers.exchanges.cut('a-1');
  new Page(b, CID).join();
  await settled();
  await expect.poll(() => ann.told).toContainEqual({ type: 'knock', peer: CID, card: 'Y2FyZA' });
});

test('a process that was taken for dead comes back under another name, with its members', async () => {
  const [ann, bob] = await pair();
  servers.exchanges.mute.add('a-1');
  await servers.pass(1000);
  await expect.poll(() => bob.told).toEqual([left(ANN, 'away'), left(ANN, 'away'), joined(ANN)]);
  await settled();
  bob.news();
  expect([ann.isClosed, servers.exchanges.names().sort()]).toEqual([false, ['a-2', 'b-1']]);
  ann.news();
  bob.say({ type: 'signal', to: ANN, sealed: 'there you are' });
  await settled();
  expect(ann.news()).toEqual([{ type: 'signal', from: BOB, sealed: 'there you are' }]);
});

test('a visitor whose words pile up while there is no exchange is shown out', async () => {
  const [ann] = await pair();
  servers.exchanges.down();
  for (let i = 0; i < 65; i++) ann.say({ type: 'ask-first', value: i % 2 === 0 });
  expect([ann.refusal, ann.isClosed]).toEqual(['too-many', true]);
});

test('an empty room is over at once when its leader said goodbye, else after its time', async () => {
  const [ann, bob] = await pair();
  bob.say({ type: 'leave' });
  ann.say({ type: 'leave' });
  await settled();
  expect(servers.exchanges.rooms.size).toBe(0);
  await servers.pass(1000);
  expect([a.size, b.size, a.visitors]).toEqual([0, 0, 0]);
  const again = new Page(a, ANN).open();
  await settled();
  again.close();
  await settled();
  const early = new Page(b, BOB).join();
  await settled();
  expect(early.refusal).toBeUndefined();
  early.say({ type: 'leave' });
  await servers.pass(601_000);
  const late = new Page(b, CID).join();
  await settled();
  expect(late.refusal).toBe('no-such-room');
});

test('a join takes one change, and one look where the room was not known', async () => {
  await pair();
  servers.exchanges.said.length = 0;
  new Page(a, CID).join();
  await settled();
  expect(servers.exchanges.said).toEqual(['change']);
  const c = await servers.start('c');
  servers.exchanges.said.length = 0;
  new Page(c, DOT).join();
  await settled();
  expect(servers.exchanges.said).toEqual(['load', 'change']);
});

test('the log holds no names and no secrets', async () => {
  await pair();
  new Page(b, DOT).join({ proof: 'q'.repeat(43) });
  servers.exchanges.down();
  await settled();
  const lines = servers.events.map((event) => `${sentenceOf(event)} ${JSON.stringify(event)}`);
  expect(lines.length).toBeGreaterThan(5);
  for (const secret of [ROOM, ANN, BOB, PROOF, 'key-']) expect(lines.join('\n')).not.toContain(secret);
});

test('each member gets credentials for TURN from its own process, and new ones while it stays', async () => {
  const turn = new TurnAccess({
    urls: ['turn:turn.example'],
    secret: 'a-bridge-in-the-fog',
    ttlS: 600,
    wallMs: () => servers.now,
  });
  const [one, two] = [await servers.start('one', turn), await servers.start('two', turn)];
  const ann = new Page(one, ANN).open();
  await settled();
  const bob = new Page(two, BOB).join();
  await settled();
  const names = (page: Page): string[] =>
    page
      .news()
      .flatMap((message) => ('iceServers' in message ? message.iceServers : []))
      .flatMap(({ username }) => username ?? []);
  const [[first], [own]] = [names(ann), names(bob)];
  expect(first).toMatch(/^1600:/);
  expect(own).toMatch(/^1600:/);
  expect(own).not.toBe(first);
  ann.close();
  ann.isClosed = false;
  await servers.pass(300_000);
  expect(names(bob)).toEqual([`1900:${own?.split(':')[1]}`]);
  expect(names(ann)).toEqual([]);
});

test('who has gone before it was let in gets no credentials, which nobody would forget', async () => {
  const turn = new TurnAccess({
    urls: ['turn:turn.example'],
    secret: 'a-bridge-in-the-fog',
    ttlS: 600,
    wallMs: () => servers.now,
  });
  const one = await servers.start('one', turn);
  const issue = vi.spyOn(turn, 'issue');
  const ann = new Page(one, ANN).open();
  await Promise.resolve();
  ann.close();
  await settled();
  await servers.pass(300_000);
  expect(servers.exchanges.said).toContain('change');
  expect(issue).not.toHaveBeenCalled();
});

test('a process that nobody of a room is at any more keeps nothing of its members elsewhere', async () => {
  const [ann] = await pair();
  const before = a.route(ann, BOB)?.recipient;
  ann.say({ type: 'leave' });
  await servers.pass(2000);
  const again = new Page(a, ANN).join();
  await settled();
  const after = a.route(again, BOB)?.recipient;
  expect(before).toBeDefined();
  expect(after).toBeDefined();
  expect(after).not.toBe(before);
});

test('who comes in just when Redis has forgotten the room is known to all other processes, too', async () => {
  const [ann, bob] = await pair();
  // Changes that both processes know of.
  for (const value of [true, false]) {
    ann.say({ type: 'ask-first', value });
    await settled();
  }
  servers.exchanges.rooms.delete(ROOM);
  const cid = new Page(a, CID).join();
  await settled();
  expect(bob.news()).toEqual([joined(CID)]);
  bob.say({ type: 'signal', to: CID, sealed: 'hello' });
  await settled();
  expect(cid.news()).toContainEqual({ type: 'signal', from: BOB, sealed: 'hello' });
});

test('a process that ends before it was connected does not say that there is no Redis', async () => {
  const rooms = servers.make('early');
  await rooms.close();
  await settled();
  expect(servers.events.map(({ event }) => event)).not.toContain('redis-lost');
});
