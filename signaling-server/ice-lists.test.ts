import { expect, test } from 'vitest';
import type { FromServer } from '../core/protocol/signaling.ts';
import { IceLists } from './ice-lists.ts';
import { TurnAccess, turnCredential } from './turn-access.ts';
import type { Visitor } from './visitor.ts';

const SECRET = 'seven-boats-and-an-oar';
const STUN = { urls: 'stun:stun.example' };
const TTL_S = 600;

let wallMs: number;
function lists(): IceLists {
  wallMs = 1_000_000;
  const turn = { urls: ['turn:turn.example'], secret: SECRET, ttlS: TTL_S, wallMs: () => wallMs };
  return new IceLists([STUN], new TurnAccess(turn));
}

function visitor(): Visitor & { readonly told: FromServer[] } {
  const told: FromServer[] = [];
  return { told, send: (message) => told.push(message), close: () => undefined };
}

/** Lets the time pass as the server does, and says what was sent when. */
function pass(ice: IceLists, seconds: number, to: { readonly told: FromServer[] }): number[] {
  const at: number[] = [];
  for (let i = 1; i <= seconds; i++) {
    wallMs += 1000;
    const before = to.told.length;
    ice.tick();
    if (to.told.length > before) at.push(i);
  }
  return at;
}

test('each member gets a name of its own, signed', () => {
  const ice = lists();
  const all = [visitor(), visitor(), visitor()].map((each) => ice.listFor(each));
  for (const [fixed, turn] of all) {
    expect(fixed).toEqual(STUN);
    expect(turn?.username).toMatch(/^1600:[0-9a-f]{16}$/);
    expect(turn?.credential).toBe(turnCredential(SECRET, turn?.username ?? ''));
  }
  expect(new Set(all.map(([, turn]) => turn?.username)).size).toBe(3);
});

test('new ones follow at half of the time, again and again, for the same id', () => {
  const ice = lists();
  const ann = visitor();
  const [, first] = ice.listFor(ann);
  expect(pass(ice, 1000, ann)).toEqual([300, 600, 900]);
  const names = ann.told.map((message) => {
    if (message.type !== 'ice-servers') throw new Error(`not ${message.type}`);
    const [fixed, turn] = message.iceServers;
    expect(fixed).toEqual(STUN);
    expect(turn?.credential).toBe(turnCredential(SECRET, turn?.username ?? ''));
    return turn?.username;
  });
  const id = first?.username?.split(':')[1];
  expect(names).toEqual([`1900:${id}`, `2200:${id}`, `2500:${id}`]);
});

test('whoever has gone is told nothing more', () => {
  const ice = lists();
  const ann = visitor();
  ice.listFor(ann);
  ice.forget(ann);
  expect(pass(ice, 1000, ann)).toEqual([]);
});

test('without TURN everybody is told the same, once', () => {
  const ice = new IceLists([STUN]);
  const ann = visitor();
  expect(ice.listFor(ann)).toEqual([STUN]);
  expect(pass(ice, 1000, ann)).toEqual([]);
});
