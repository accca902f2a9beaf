import { beforeEach, expect, test } from 'vitest';
import type { PeerId } from '../ids.ts';
import type { LeadershipMessage } from '../protocol/messages.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import { Leadership } from './leadership.ts';
import { NO_TERM, nextTerm } from './term.ts';

const [ANN, BOB, CY, DAN, EVE] = ['a', 'b', 'c', 'd', 'e'].map((x) => x.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
];
const WAY_MS = 5;

let clock: VirtualClock;
let pages: Map<PeerId, Leadership>;
let links: Set<string>;
/** What Eve, who has no page, was told. */
let told: LeadershipMessage[];

beforeEach(() => {
  clock = new VirtualClock(async () => undefined);
  pages = new Map();
  links = new Set();
  told = [];
});

const between = (a: PeerId, b: PeerId): string => [a, b].sort().join(' ');
const peersOf = (me: PeerId): PeerId[] =>
  [...pages.keys(), EVE].filter((other) => links.has(between(me, other)));

function say(from: PeerId, to: PeerId, message: LeadershipMessage): void {
  clock.setTimeout(() => {
    if (!links.has(between(from, to))) return;
    if (to === EVE) told.push(message);
    pages.get(to)?.hear(from, message);
  }, WAY_MS);
}

function open(me: PeerId): Leadership {
  const nothing = (): void => undefined;
  const page = new Leadership({
    me,
    clock,
    say: (to, message) => say(me, to, message),
    peers: () => peersOf(me),
    inOrder: (among) => [...among].sort(),
    silence: (peer) => (links.has(between(me, peer)) ? 0 : Number.POSITIVE_INFINITY),
    online: () => true,
    ...{ took: nothing, followed: nothing, follows: nothing, lost: nothing },
  });
  pages.set(me, page);
  return page;
}

function link(a: PeerId, b: PeerId): void {
  links.add(between(a, b));
  pages.get(a)?.peerUp(b);
  pages.get(b)?.peerUp(a);
}

function cut(a: PeerId, b: PeerId): void {
  if (!links.delete(between(a, b))) return;
  pages.get(a)?.peerDown(b);
  pages.get(b)?.peerDown(a);
}

/** A room that Ann leads, of these devices and Eve, who has said nothing yet. */
async function room(...others: readonly PeerId[]): Promise<Leadership> {
  const ann = open(ANN);
  ann.entered(ANN, 0);
  for (const other of others) {
    open(other).entered(ANN, pages.size - 1);
    for (const peer of pages.keys()) if (peer !== other) link(other, peer);
  }
  for (const peer of pages.keys()) link(EVE, peer);
  await clock.pass(100);
  return ann;
}

const leaders = (): (PeerId | undefined)[] => [...pages.values()].map(({ leader }) => leader);
const lead = (term: number, followers = 1e6): LeadershipMessage => ({
  ...{ type: 'office', term, leader: EVE, followers },
});

test('nobody gets the office by saying that a million follow it, under whatever term', async () => {
  const ann = await room(BOB, CY);
  for (let round = 0, { term } = ann; round < 50; round++) {
    term = nextTerm(term, EVE);
    for (const peer of [ANN, BOB, CY]) say(EVE, peer, lead(term));
    await clock.pass(100);
  }
  for (const term of [2 ** 39 - 1, 2 ** 38]) for (const peer of pages.keys()) say(EVE, peer, lead(term));
  await clock.pass(60_000);
  expect(leaders()).toEqual([ANN, ANN, ANN]);
  expect(ann.followers).toEqual([BOB, CY]);
});

test('a claim is answered once, however often it is made', async () => {
  const ann = await room(BOB);
  told = [];
  for (let n = 0; n < 1000; n++) say(EVE, ANN, lead(nextTerm(ann.term, EVE)));
  await clock.pass(1000);
  expect(told).toHaveLength(1);
});

test('one that follows cannot lead without having been gone', async () => {
  const ann = await room();
  say(EVE, ANN, { type: 'office', term: ann.term, leader: ANN, followers: 0 });
  await clock.pass(100);
  say(EVE, ANN, lead(nextTerm(ann.term, EVE)));
  await clock.pass(100);
  expect(ann.leads).toBe(true);
});

test('terms do not run out: a device raises them eight times, and never beyond what may have been', async () => {
  const ann = await room(BOB);
  const before = ann.term;
  for (const term of [2 ** 39 - 1, 2 ** 38])
    say(EVE, ANN, { type: 'office', term, leader: ANN, followers: 0 });
  await clock.pass(100);
  expect(ann.term).toBe(before);
  for (let n = 0; n < 100; n++) {
    say(EVE, ANN, { type: 'office', term: nextTerm(ann.term, EVE), leader: null, followers: 0 });
    await clock.pass(100);
  }
  let raised = before;
  for (let n = 0; n < 16; n++) raised = nextTerm(raised, ANN);
  expect(ann.term).toBeGreaterThan(before);
  expect(ann.term).toBeLessThanOrEqual(raised);
  // Everybody has come along.
  expect([leaders(), pages.get(BOB)?.term]).toEqual([[ANN, ANN], ann.term]);
});

test('a newcomer follows the leader, whatever others say of later terms', async () => {
  const ann = await room(BOB);
  open(CY).entered(ANN, 3);
  link(CY, EVE);
  say(EVE, CY, { type: 'office', term: nextTerm(2 ** 37, EVE), leader: BOB, followers: 0 });
  await clock.pass(100);
  link(CY, ANN);
  await clock.pass(100);
  expect(leaders()).toEqual([ANN, ANN, ANN]);
  expect(ann.followers).toContain(CY);
});

test.each([
  ['at once', 0],
  ['link by link', 300],
])('the parts of a broken room meet %s: the leader whom fewer follow steps down', async (_, waitMs) => {
  const ann = await room(BOB, CY, DAN);
  open('0'.repeat(16) as PeerId).entered(ANN, 4);
  const five = '0'.repeat(16) as PeerId;
  for (const peer of [ANN, BOB, CY, DAN]) link(five, peer);
  await clock.pass(100);
  // Cy, Dan and the fifth lose Ann and Bob.
  for (const near of [ANN, BOB]) for (const far of [CY, DAN, five]) cut(near, far);
  await clock.pass(30_000);
  expect(leaders()).toEqual([ANN, ANN, five, five, five]);
  for (const near of [ANN, BOB])
    for (const far of [five, CY, DAN]) {
      link(near, far);
      await clock.pass(waitMs);
    }
  await clock.pass(30_000);
  expect(leaders()).toEqual([five, five, five, five, five]);
  expect(ann.leads).toBe(false);
  expect(ann.term).toBeGreaterThan(NO_TERM);
});
