import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PeerId, Sha256 } from '../ids.ts';
import { systemClock } from '../mesh/clock.ts';
import { MemoryDialler } from '../mesh/memory-dial.ts';
import { MemoryRoom } from '../mesh/memory-rendezvous.ts';
import { Mesh } from '../mesh/mesh.ts';
import type { LinkStats, Network } from '../mesh/network.ts';
import type { ControlMessage } from '../protocol/messages.ts';
import { encodePieceFrame } from '../protocol/piece-frame.ts';
import type { Answer } from './ask.ts';
import { subtleDigest } from './digest.ts';
import { PieceExchange } from './exchange.ts';
import { MemoryPieceStore } from './memory-piece-store.ts';
import { Shelf } from './shelf.ts';

const [ANN, BOB, CAT] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId, PeerId];
const BYTES = 500_000;
const hashOf = (digit: number): Sha256 => `${digit}`.repeat(64) as Sha256;
const pieceOf = (digit: number): Uint8Array<ArrayBuffer> => new Uint8Array(BYTES).fill(digit);
const never = new AbortController().signal;

const shelf = new Shelf(new MemoryPieceStore(), subtleDigest(crypto.subtle));
for (let digit = 0; digit < 5; digit++) shelf.lay('test', hashOf(digit), new Blob([pieceOf(digit)]));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** What came of a promise, which may be nothing yet. */
function outcomeOf<T>(work: Promise<T>): { value?: T; error?: unknown; at?: number } {
  const outcome: { value?: T; error?: unknown; at?: number } = {};
  const settle = (change: Partial<typeof outcome>): unknown =>
    Object.assign(outcome, change, { at: systemClock.now() });
  work.then(
    (value) => settle({ value }),
    (error: unknown) => settle({ error }),
  );
  return outcome;
}

/** The number of the piece that came, when it came whole. */
function digitOf({ value }: { value?: Answer }): number | undefined {
  if (value?.kind !== 'bytes') return undefined;
  const [digit = -1] = value.bytes;
  return Buffer.compare(value.bytes, pieceOf(digit)) === 0 ? digit : -1;
}

describe('between pages', () => {
  interface Page {
    readonly mesh: Mesh;
    readonly exchange: PieceExchange;
  }
  let room: MemoryRoom;
  let dialler: MemoryDialler;
  let seed: number;
  beforeEach(() => {
    room = new MemoryRoom(systemClock, { delayMs: 3 });
    dialler = new MemoryDialler(systemClock, { delayMs: 2, mbitPerSec: 100 });
    seed = 1;
  });

  /** Of all wires, from now on, and of the relay. */
  function setBandwidth(mbitPerSec: number): void {
    room.mbitPerSec = mbitPerSec;
    for (const pair of dialler.pairs) pair.conditions.mbitPerSec = mbitPerSec;
  }

  function open(me: PeerId, isDeaf = false): Page {
    const mesh = new Mesh({
      me,
      rendezvous: room.join(me),
      dial: dialler.dial,
      clock: systemClock,
      random32: () => (seed = Math.imul(seed, 48271) >>> 0),
      report: (_, error) => {
        throw error;
      },
    });
    const exchange = new PieceExchange(mesh, systemClock, shelf);
    mesh.listen({
      peerUp: () => undefined,
      peerDown: (peer) => exchange.peerDown(peer),
      linkChanged: () => undefined,
      control: (peer, message) => {
        if (isDeaf) return;
        if (message.type === 'want-pieces') exchange.wanted(peer, message.pieces);
        if (message.type === 'piece-refused') exchange.refused(peer, message.ticket, message.reason);
      },
      binary: (peer, _, bytes) => exchange.arrived(peer, bytes),
    });
    return { mesh, exchange };
  }

  test('pieces go both ways at once, and what is not there is refused', async () => {
    const [ann, bob] = [open(ANN), open(BOB)];
    await pass(500);
    const outcomes = [
      ann.exchange.ask(BOB, hashOf(1), BYTES, never),
      ann.exchange.ask(BOB, hashOf(2), BYTES, never),
      bob.exchange.ask(ANN, hashOf(3), BYTES, never),
      bob.exchange.ask(ANN, hashOf(9), BYTES, never),
    ].map(outcomeOf);
    await pass(1000);
    expect(outcomes.map(digitOf)).toEqual([1, 2, 3, undefined]);
    expect(outcomes[3]?.value).toEqual({ kind: 'refused', reason: 'it is not here' });
  });

  test('a wish from before there is a link waits for it', async () => {
    const ann = open(ANN);
    const outcome = outcomeOf(ann.exchange.ask(BOB, hashOf(1), BYTES, never));
    await pass(10_000);
    open(BOB);
    await pass(5000);
    expect(digitOf(outcome)).toBe(1);
  });

  test('a slow line takes its time; a peer that says nothing is given up after half a minute', async () => {
    const [ann] = [open(ANN), open(BOB), open(CAT, true)];
    await pass(500);
    const from = systemClock.now();
    setBandwidth(0.1);
    const slow = outcomeOf(ann.exchange.ask(BOB, hashOf(1), BYTES, never));
    const deaf = outcomeOf(ann.exchange.ask(CAT, hashOf(1), BYTES, never));
    await pass(120_000);
    expect(deaf.error).toMatchObject({ name: 'ProtocolError', data: { actual: 'nothing within 30 s' } });
    expect(digitOf(slow)).toBe(1);
    expect((slow.at ?? 0) - from).toBeGreaterThan(35_000);
  });

  test('a peer that leaves in the middle ends what was asked of it, and nothing else', async () => {
    const [ann, bob] = [open(ANN), open(BOB), open(CAT)];
    await pass(500);
    setBandwidth(1);
    const [gone, here] = [BOB, CAT].map((peer) => outcomeOf(ann.exchange.ask(peer, hashOf(1), BYTES, never)));
    await pass(500);
    bob?.mesh.close('bye');
    await pass(1000);
    expect(gone?.error).toMatchObject({ name: 'LinkClosedError' });
    expect(here).toEqual({});
    await pass(5000);
    expect(digitOf(here ?? {})).toBe(1);
  });

  test('what is asked for no longer is dropped when it arrives, and the next wish gets its own piece', async () => {
    const [ann] = [open(ANN), open(BOB)];
    await pass(500);
    setBandwidth(1);
    const control = new AbortController();
    const dropped = outcomeOf(ann.exchange.ask(BOB, hashOf(1), BYTES, control.signal));
    await pass(100);
    const why = new Error('the plan changed');
    control.abort(why);
    const next = outcomeOf(ann.exchange.ask(BOB, hashOf(2), BYTES, never));
    await pass(20_000);
    expect(dropped.error).toBe(why);
    expect(digitOf(next)).toBe(2);
    await expect(ann.exchange.ask(BOB, hashOf(1), BYTES, control.signal)).rejects.toBe(why);
  });
});

describe('with peers that do as they like', () => {
  /** Everything this device says, and sends that end when told. */
  class FakeNetwork implements Pick<Network, 'peers' | 'stats' | 'sendControl' | 'send'> {
    readonly said: [to: PeerId, message: ControlMessage][] = [];
    readonly sending: { readonly to: PeerId; readonly end: () => void }[] = [];
    bytesIn = 0;
    readonly peers = (): PeerId[] => [ANN, BOB, CAT];
    stats(): LinkStats {
      const measured = {
        rttMs: 1,
        delayMs: 1,
        mbitPerSec: 1,
        steadyMbitPerSec: 1,
        clock: null,
        heardAt: 0,
        usedAt: 0,
        probedAt: 0,
      };
      return { kind: 'memory', ...measured, bytesIn: this.bytesIn, bytesOut: 0 };
    }
    sendControl(to: PeerId, message: ControlMessage): void {
      this.said.push([to, message]);
    }
    send(to: PeerId): Promise<void> {
      return new Promise((resolve) => this.sending.push({ to, end: resolve }));
    }
    /** The number of the nth wish, from 0. */
    ticket(nth: number): number {
      const [, message] = this.said[nth] ?? [];
      return message?.type === 'want-pieces' ? (message.pieces[0]?.ticket ?? -1) : -1;
    }
    get refused(): number {
      return this.said.filter(([, { type }]) => type === 'piece-refused').length;
    }
  }
  let network: FakeNetwork;
  let exchange: PieceExchange;
  beforeEach(() => {
    network = new FakeNetwork();
    exchange = new PieceExchange(network as unknown as Network, systemClock, shelf);
  });
  const wishes = (count: number) =>
    Array.from({ length: count }, (_, ticket) => ({ ticket, hash: hashOf(ticket % 5) }));
  const frame = (ticket: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(encodePieceFrame({ ticket, bytes }).flatMap((part) => [...part]));

  test('a slow one stops nobody, and has one piece in memory at a time', async () => {
    exchange.wanted(ANN, wishes(5));
    exchange.wanted(BOB, wishes(5));
    for (let sent = 1; sent <= 5; sent++) {
      await pass(0);
      expect(network.sending.filter(({ to }) => to === ANN).length).toBe(1);
      const toBob = network.sending.filter(({ to }) => to === BOB);
      expect(toBob.length).toBe(sent);
      toBob.at(-1)?.end();
    }
  });

  test('one that wants absurdly much has 64 wishes waiting at most, and an answer to every wish', async () => {
    exchange.wanted(ANN, wishes(1000));
    exchange.wanted(ANN, wishes(1000));
    expect(network.refused).toBe(2000 - 65);
    for (let sent = 0; sent < 70; sent++) {
      await pass(0);
      network.sending.at(-1)?.end();
    }
    expect(network.sending.length).toBe(65);
    exchange.wanted(ANN, wishes(1));
    await pass(0);
    expect(network.sending.length).toBe(66);
  });

  test('one that leaves gets nothing more, and begins anew when it is back', async () => {
    exchange.wanted(ANN, wishes(5));
    await pass(0);
    exchange.peerDown(ANN);
    network.sending[0]?.end();
    await pass(0);
    expect(network.sending.length).toBe(1);
    exchange.wanted(ANN, wishes(2));
    await pass(0);
    network.sending[1]?.end();
    await pass(0);
    expect(network.sending.length).toBe(3);
  });

  test('a file that cannot be read any more is a refusal with its reason, and the next wish is served', async () => {
    const blob = new Blob([pieceOf(1)]);
    blob.arrayBuffer = () => Promise.reject(new Error(`The file has changed. ${'x'.repeat(1000)}`));
    shelf.lay('broken', hashOf(7), blob);
    exchange.wanted(ANN, [
      { ticket: 1, hash: hashOf(7) },
      { ticket: 2, hash: hashOf(1) },
    ]);
    await pass(0);
    const [[, refusal] = []] = network.said;
    expect(refusal).toMatchObject({ type: 'piece-refused', ticket: 1 });
    expect(refusal?.type === 'piece-refused' && refusal.reason.length).toBe(200);
    expect(network.sending.length).toBe(1);
  });

  test('only the peer that was asked may answer, and only with as many bytes as were asked for', async () => {
    const bytes = new Uint8Array([1, 2, 3, 4]);
    const right = outcomeOf(exchange.ask(ANN, hashOf(1), 4, never));
    const wrong = outcomeOf(exchange.ask(ANN, hashOf(2), 4, never));
    exchange.arrived(BOB, frame(network.ticket(0), new Uint8Array(4)));
    exchange.refused(BOB, network.ticket(0), 'no');
    exchange.arrived(ANN, frame(12345, bytes));
    await pass(0);
    expect(right).toEqual({});
    exchange.arrived(ANN, frame(network.ticket(0), bytes));
    exchange.refused(ANN, network.ticket(0), 'too late');
    exchange.arrived(ANN, frame(network.ticket(1), bytes.subarray(1)));
    await pass(0);
    expect(right.value).toEqual({ kind: 'bytes', bytes });
    expect(wrong.error).toMatchObject({
      name: 'ProtocolError',
      data: { expected: '4 bytes', actual: '3 bytes' },
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('other traffic hides for ten minutes at most that a piece does not come', async () => {
    const outcome = outcomeOf(exchange.ask(ANN, hashOf(1), BYTES, never));
    for (let minute = 0; minute < 9; minute++) {
      for (let second = 0; second < 60; second += 20) {
        network.bytesIn += 100_000;
        await pass(20_000);
      }
    }
    expect(outcome).toEqual({});
    network.bytesIn += 100_000;
    await pass(30_000);
    network.bytesIn += 100_000;
    await pass(30_000);
    expect(outcome.error).toMatchObject({ data: { actual: 'nothing within 600 s' } });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('chatter is no piece on its way', async () => {
    const outcome = outcomeOf(exchange.ask(ANN, hashOf(1), BYTES, never));
    for (let second = 0; second <= 30; second++) {
      network.bytesIn += 1500;
      await pass(1000);
    }
    expect(outcome.error).toMatchObject({ data: { actual: 'nothing within 30 s' } });
  });
});
