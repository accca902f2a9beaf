import { beforeEach, expect, test } from 'vitest';
import type { PeerId, RoomId } from '../core/ids.ts';
import type { FromServer, ToServer } from '../core/protocol/signaling.ts';
import { sentenceOf } from './events.ts';
import { IceLists } from './ice-lists.ts';
import { MAX_ROOMS, Rooms } from './rooms.ts';
import { TurnAccess } from './turn-access.ts';

const ROOM = 'maple-otter-7' as RoomId;
const PROOF = 'p'.repeat(43);
const id = (n: number): PeerId => n.toString(16).padStart(16, '0') as PeerId;
const [ANN, BOB, CID, DOT] = [id(1), id(2), id(3), id(4)];

let now: number;
let rooms: Rooms;
let lines: string[];
beforeEach(() => {
  now = 1_000;
  lines = [];
  rooms = new Rooms({
    now: () => now,
    ice: new IceLists([{ urls: 'stun:localhost' }]),
    log: (event) => lines.push(`${sentenceOf(event)} ${JSON.stringify(event)}`),
  });
});

/** A page: what it was told, and whether it was shown the door. */
class Page {
  readonly peer: PeerId;
  told: FromServer[] = [];
  isClosed = false;
  constructor(peer: PeerId) {
    this.peer = peer;
  }
  send(message: FromServer): void {
    if (!this.isClosed) this.told.push(message);
  }
  close(): void {
    this.isClosed = true;
    rooms.closed(this);
  }
  open(change: Partial<Extract<ToServer, { type: 'open' }>> = {}): this {
    return this.say({
      type: 'open',
      room: ROOM,
      peer: this.peer,
      key: `key-${this.peer}`,
      proof: PROOF,
      askFirst: false,
      ...change,
    });
  }
  join(change: Partial<Extract<ToServer, { type: 'join' }>> = {}): this {
    return this.say({
      type: 'join',
      room: ROOM,
      peer: this.peer,
      key: `key-${this.peer}`,
      proof: PROOF,
      card: 'Y2FyZA',
      ...change,
    });
  }
  say(message: ToServer): this {
    rooms.hear(this, message);
    return this;
  }
  /** What was told since the last look. */
  news(): FromServer[] {
    return this.told.splice(0);
  }
  get refusal(): string | undefined {
    return this.told.flatMap((message) => (message.type === 'refused' ? [message.reason] : []))[0];
  }
}

function pass(ms: number): void {
  for (const end = now + ms; now < end; ) {
    now = Math.min(end, now + 1000);
    rooms.tick();
  }
}

const welcome = (leader: PeerId, peers: PeerId[]): FromServer => ({
  type: 'welcome',
  leader,
  peers,
  iceServers: [{ urls: 'stun:localhost' }],
});

test('who opens leads; who joins meets everybody, in order of joining', () => {
  const ann = new Page(ANN).open();
  const bob = new Page(BOB).join();
  const cid = new Page(CID).join();
  expect(ann.news()).toEqual([
    welcome(ANN, []),
    { type: 'peer-joined', peer: BOB },
    { type: 'peer-joined', peer: CID },
  ]);
  expect(bob.news()).toEqual([welcome(ANN, [ANN]), { type: 'peer-joined', peer: CID }]);
  expect(cid.news()).toEqual([welcome(ANN, [ANN, BOB])]);
});

test('a wrong secret learns nothing and nobody learns of it', () => {
  const ann = new Page(ANN).open({ askFirst: true });
  ann.news();
  const eve = new Page(DOT).join({ proof: 'q'.repeat(43) });
  expect(eve.told).toEqual([
    { type: 'refused', reason: 'wrong-secret', message: expect.stringContaining('link') },
  ]);
  expect(eve.isClosed).toBe(true);
  eve.say({ type: 'signal', to: ANN, sealed: 'x' });
  expect(rooms.route(eve, ANN)).toBeUndefined();
  expect(ann.news()).toEqual([]);
});

test('joining a room that is not open is refused', () => {
  expect(new Page(BOB).join().refusal).toBe('no-such-room');
});

test('signals reach one member of the same room and nobody else', () => {
  const [ann, bob] = [new Page(ANN).open(), new Page(BOB).join()];
  const dot = new Page(DOT).open({ room: 'other-room-1' as RoomId });
  for (const page of [ann, bob, dot]) page.news();
  ann.say({ type: 'signal', to: BOB, sealed: 'abc' });
  dot.say({ type: 'signal', to: BOB, sealed: 'evil' });
  ann.say({ type: 'signal', to: DOT, sealed: 'out' });
  expect(bob.news()).toEqual([{ type: 'signal', from: ANN, sealed: 'abc' }]);
  expect([ann.news(), dot.news()]).toEqual([[], []]);
  expect(rooms.route(ann, BOB)).toEqual({ recipient: bob, sender: ANN });
  expect(rooms.route(dot, BOB)).toBeUndefined();
});

test('with "ask first" a joiner waits, unseen, until the leader lets it in', () => {
  const ann = new Page(ANN).open({ askFirst: true });
  const bob = new Page(BOB).join();
  expect(bob.news()).toEqual([{ type: 'wait' }]);
  expect(ann.news()).toEqual([welcome(ANN, []), { type: 'knock', peer: BOB, card: 'Y2FyZA' }]);
  bob.say({ type: 'signal', to: ANN, sealed: 'x' }).say({ type: 'admit', peer: BOB });
  expect(rooms.route(bob, ANN)).toBeUndefined();
  expect([ann.news(), bob.news()]).toEqual([[], []]);
  ann.say({ type: 'admit', peer: BOB });
  expect(bob.news()).toEqual([welcome(ANN, [ANN])]);
  expect(ann.news()).toEqual([
    { type: 'knock-gone', peer: BOB },
    { type: 'peer-joined', peer: BOB },
  ]);
});

test('a denied joiner is told so', () => {
  const ann = new Page(ANN).open({ askFirst: true });
  const bob = new Page(BOB).join();
  ann.say({ type: 'deny', peer: BOB });
  expect(bob.refusal).toBe('denied');
  expect(bob.isClosed).toBe(true);
});

test('only the leader may admit, deny and change the rule', () => {
  const ann = new Page(ANN).open();
  const bob = new Page(BOB).join();
  ann.say({ type: 'ask-first', value: true });
  const cid = new Page(CID).join();
  bob.say({ type: 'admit', peer: CID });
  bob.say({ type: 'deny', peer: CID });
  bob.say({ type: 'ask-first', value: false });
  expect(cid.told).toEqual([{ type: 'wait' }]);
});

test('when the leader stops asking, those who wait come in', () => {
  const ann = new Page(ANN).open({ askFirst: true });
  const bob = new Page(BOB).join();
  ann.say({ type: 'ask-first', value: false });
  expect(bob.told.at(-1)).toEqual(welcome(ANN, [ANN]));
});

test('a knocker that gives up is taken off the list; a leader that comes back sees who still waits', () => {
  const ann = new Page(ANN).open({ askFirst: true });
  const [bob, cid] = [new Page(BOB).join(), new Page(CID).join()];
  ann.news();
  bob.close();
  expect(ann.news()).toEqual([{ type: 'knock-gone', peer: BOB }]);
  ann.close();
  const back = new Page(ANN).open({ askFirst: true });
  expect(back.news()).toEqual([welcome(ANN, []), { type: 'knock', peer: CID, card: 'Y2FyZA' }]);
  expect(cid.isClosed).toBe(false);
});

test('at most 16 wait', () => {
  new Page(ANN).open({ askFirst: true });
  const pages = Array.from({ length: 17 }, (_, i) => new Page(id(100 + i)).join());
  expect(pages.map((page) => page.refusal)).toEqual([...Array(16).fill(undefined), 'too-many']);
});

test('a closed socket is away for 20 s, then gone', () => {
  const ann = new Page(ANN).open();
  const bob = new Page(BOB).join();
  ann.news();
  bob.close();
  expect(ann.news()).toEqual([{ type: 'peer-left', peer: BOB, why: 'away' }]);
  pass(19_000);
  expect(ann.news()).toEqual([]);
  pass(1_000);
  expect(ann.news()).toEqual([{ type: 'peer-left', peer: BOB, why: 'gone' }]);
});

test('within the grace time a reload resumes without knocking, after it not', () => {
  const ann = new Page(ANN).open({ askFirst: true });
  const bob = new Page(BOB).join();
  ann.say({ type: 'admit', peer: BOB });
  bob.close();
  ann.news();
  pass(19_000);
  const back = new Page(BOB).join();
  expect(back.news()).toEqual([welcome(ANN, [ANN])]);
  expect(ann.news()).toEqual([{ type: 'peer-joined', peer: BOB }]);
  back.close();
  pass(20_000);
  expect(new Page(BOB).join().news()).toEqual([{ type: 'wait' }]);
});

test('another key is another device: it cannot take a place, here or away', () => {
  new Page(ANN).open();
  const bob = new Page(BOB).join();
  expect(new Page(BOB).join({ key: 'another-key-entirely' }).refusal).toBe('protocol');
  bob.close();
  expect(new Page(BOB).join({ key: 'another-key-entirely' }).refusal).toBe('protocol');
  expect(new Page(ANN).join({ key: 'another-key-entirely' }).refusal).toBe('protocol');
});

test('a new page of the same device replaces the old one', () => {
  const ann = new Page(ANN).open();
  const bob = new Page(BOB).join();
  ann.news();
  const next = new Page(BOB).join();
  expect(bob.refusal).toBe('replaced');
  expect(next.told).toEqual([welcome(ANN, [ANN])]);
  expect(ann.news()).toEqual([
    { type: 'peer-left', peer: BOB, why: 'away' },
    { type: 'peer-joined', peer: BOB },
  ]);
  expect(rooms.route(bob, ANN)).toBeUndefined();
  expect(rooms.route(next, ANN)).toEqual({ recipient: ann, sender: BOB });
});

test('a newcomer is not sent to those who are away', () => {
  new Page(ANN).open();
  new Page(BOB).join().close();
  expect(new Page(CID).join().told).toEqual([welcome(ANN, [ANN])]);
});

test('who leaves is gone at once', () => {
  const ann = new Page(ANN).open();
  const bob = new Page(BOB).join();
  ann.news();
  bob.say({ type: 'leave' });
  expect(ann.news()).toEqual([{ type: 'peer-left', peer: BOB, why: 'gone' }]);
  bob.close();
  expect(ann.news()).toEqual([]);
});

test('the name of a room belongs to those who know its secret: whoever opens it again comes in behind its leader', () => {
  new Page(ANN).open();
  expect(new Page(BOB).open({ proof: 'q'.repeat(43) }).refusal).toBe('room-taken');
  expect(new Page(CID).open().told).toEqual([welcome(ANN, [ANN])]);
  expect(new Page(ANN).open({ key: 'another-key-entirely' }).refusal).toBe('room-taken');
  expect(new Page(ANN).open({ proof: 'q'.repeat(43) }).refusal).toBe('room-taken');
  expect(new Page(ANN).open().told.at(-1)).toEqual(welcome(ANN, [CID]));
});

test('whoever says that it leads does so once the leader is away, and hears who knocks', () => {
  const ann = new Page(ANN).open({ askFirst: true });
  const bob = new Page(BOB).join();
  ann.say({ type: 'admit', peer: BOB });
  new Page(CID).join();
  bob.news();
  bob.say({ type: 'lead', term: 2 });
  expect(bob.news()).toEqual([]);
  ann.close();
  expect(bob.news()).toEqual([
    { type: 'peer-left', peer: ANN, why: 'away' },
    { type: 'leading', askFirst: true },
    { type: 'knock', peer: CID, card: 'Y2FyZA' },
  ]);
  expect(new Page(ANN).open().told).toEqual([welcome(BOB, [BOB])]);
  expect(new Page(DOT).join().told).toEqual([{ type: 'wait' }]);
});

test('a leader that yields makes room for the one who said that it leads, and for nobody else', () => {
  const ann = new Page(ANN).open();
  const [bob, cid] = [new Page(BOB).join(), new Page(CID).join()];
  ann.say({ type: 'yield' });
  cid.say({ type: 'lead', term: 3 });
  bob.say({ type: 'lead', term: 2 });
  bob.say({ type: 'yield' });
  expect(new Page(DOT).join().told).toEqual([welcome(ANN, [ANN, BOB, CID])]);
  ann.say({ type: 'yield' });
  expect(cid.told.at(-1)).toEqual({ type: 'leading', askFirst: false });
  expect(new Page(id(5)).join().told).toEqual([welcome(CID, [ANN, BOB, CID, DOT])]);
});

test('an empty room waits 10 minutes for its leader', () => {
  new Page(ANN).open().close();
  pass(599_000);
  expect(rooms.size).toBe(1);
  pass(1_000);
  expect(rooms.size).toBe(0);
});

test('a room lives without its leader while somebody is inside', () => {
  new Page(ANN).open().close();
  const bob = new Page(BOB).join();
  pass(3_600_000);
  expect(rooms.size).toBe(1);
  expect(bob.told).toContainEqual({ type: 'peer-left', peer: ANN, why: 'gone' });
  expect(new Page(ANN).open().told).toEqual([welcome(ANN, [BOB])]);
});

test('who still waits when a room ends is told', () => {
  new Page(ANN).open({ askFirst: true }).close();
  const bob = new Page(BOB).join();
  pass(600_000);
  expect(bob.refusal).toBe('no-such-room');
});

test('a leader that leaves an empty room closes it', () => {
  const ann = new Page(ANN).open();
  ann.say({ type: 'leave' });
  expect(rooms.size).toBe(0);
  expect(new Page(BOB).join().refusal).toBe('no-such-room');
});

test('32 devices fit, and one of the places is the leader’s', () => {
  const ann = new Page(ANN).open();
  const pages = Array.from({ length: 31 }, (_, i) => new Page(id(100 + i)).join());
  expect(pages.every((page) => page.refusal === undefined)).toBe(true);
  ann.close();
  pass(30_000);
  expect(new Page(BOB).join().refusal).toBe('room-full');
  expect(new Page(ANN).open().refusal).toBeUndefined();
  // Away is not gone: the place is kept.
  pages[0]?.close();
  expect(new Page(BOB).join().refusal).toBe('room-full');
  expect(new Page(id(100)).join().refusal).toBeUndefined();
});

test('a full room refuses whom the leader lets in', () => {
  const ann = new Page(ANN).open();
  for (let i = 0; i < 30; i++) new Page(id(100 + i)).join();
  ann.say({ type: 'ask-first', value: true });
  const [bob, cid] = [new Page(BOB).join(), new Page(CID).join()];
  ann.say({ type: 'admit', peer: BOB }).say({ type: 'admit', peer: CID });
  expect([bob.refusal, cid.refusal]).toEqual([undefined, 'room-full']);
});

test('one connection enters once', () => {
  const ann = new Page(ANN).open();
  new Page(DOT).open({ room: 'other-room-1' as RoomId });
  ann.join({ room: 'other-room-1' as RoomId });
  expect(ann.refusal).toBe('protocol');
});

test('there is an end to the number of rooms', () => {
  for (let i = 0; i < MAX_ROOMS; i++) new Page(id(i)).open({ room: `room-${i}` as RoomId });
  expect(new Page(ANN).open({ room: 'one-more-1' as RoomId }).refusal).toBe('too-many');
});

test('a ping is answered anywhere', () => {
  expect(new Page(ANN).say({ type: 'ping' }).told).toEqual([{ type: 'pong' }]);
});

test('the log holds no names and no secrets', () => {
  const ann = new Page(ANN).open({ askFirst: true });
  new Page(BOB).join();
  ann.say({ type: 'admit', peer: BOB }).close();
  pass(700_000);
  expect(lines.length).toBeGreaterThan(2);
  for (const secret of [ROOM, ANN, BOB, PROOF, 'key-']) expect(lines.join('\n')).not.toContain(secret);
});

test('members, and nobody else, get credentials for TURN, and new ones while they stay', () => {
  const wallMs = (): number => now;
  const turn = new TurnAccess({
    urls: ['turn:turn.example'],
    secret: 'a-boat-on-the-lake',
    ttlS: 600,
    wallMs,
  });
  rooms = new Rooms({ now: () => now, ice: new IceLists([], turn), log: () => undefined });
  const ann = new Page(ANN).open({ askFirst: true });
  const bob = new Page(BOB).join();
  const names = (page: Page): string[] =>
    page
      .news()
      .flatMap((message) => ('iceServers' in message ? message.iceServers : []))
      .map(({ username = '' }) => username);
  const [first] = names(ann);
  expect(first).toMatch(/^601:/);
  expect(names(bob)).toEqual([]);
  ann.say({ type: 'admit', peer: BOB });
  const [own] = names(bob);
  expect(own).not.toBe(first);
  pass(299_000);
  expect([names(ann), names(bob)]).toEqual([[], []]);
  pass(1000);
  const id = own?.split(':')[1];
  expect(names(bob)).toEqual([`901:${id}`]);
  bob.close();
  // It would hear what is sent to it now.
  bob.isClosed = false;
  pass(400_000);
  expect([names(ann).length, names(bob).length]).toEqual([2, 0]);
  // Back again, by another connection: another name.
  const again = new Page(BOB).join();
  expect(names(again)[0]?.split(':')[1]).not.toBe(id);
});
