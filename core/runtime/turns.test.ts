import { expect, test, vi } from 'vitest';
import type { PeerId } from '../ids.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import { TurnDesk } from './turn-desk.ts';
import { Turns } from './turns.ts';

const [A, B, C] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId, PeerId];

/** Three devices at one desk. */
function room(): { desk: TurnDesk; turns: Record<PeerId, Turns>; clock: VirtualClock } {
  const turns: Record<PeerId, Turns> = {};
  const clock = new VirtualClock(async () => undefined);
  const desk: TurnDesk = new TurnDesk(clock, ({ peer, ticket }, place) => turns[peer]?.told(ticket, place));
  for (const peer of [A, B, C]) {
    turns[peer] = new Turns({
      want: (ticket, held) => desk.want(peer, ticket, held),
      end: (ticket) => desk.end(peer, ticket),
    });
  }
  return { desk, turns, clock };
}

const taken = (turns: Turns | undefined, place: (n: number) => void = () => undefined) => {
  const turn = turns?.take(place);
  if (!turn) throw new Error('no such device');
  turn.catch(() => undefined);
  return turn;
};

test('eight texts are written at once; the rest is told its place in line, and moves up', async () => {
  const { turns } = room();
  const first = await Promise.all(Array.from({ length: 8 }, () => taken(turns[A])));
  const places = [vi.fn(), vi.fn()];
  const waiting = places.map((place) => taken(turns[A], place));
  expect(places.map(({ mock }) => mock.calls)).toEqual([[[1]], [[2]]]);
  first[0]?.();
  await waiting[0];
  expect(places[1]?.mock.calls).toEqual([[2], [1]]);
});

test('a device with one wish passes those of a device that has many under way', async () => {
  const { turns } = room();
  const first = await Promise.all(Array.from({ length: 8 }, () => taken(turns[A])));
  const [mine, other] = [vi.fn(), vi.fn()];
  void taken(turns[A], mine);
  const passing = taken(turns[B], other);
  expect(mine.mock.lastCall).toEqual([2]);
  expect(other.mock.lastCall).toEqual([1]);
  first[0]?.();
  await passing;
});

test('who leaves or gives up makes room', async () => {
  const { desk, turns } = room();
  await Promise.all(Array.from({ length: 8 }, () => taken(turns[A])));
  const control = new AbortController();
  const given = turns[B]?.take(() => undefined, control.signal);
  control.abort(new Error('not any more'));
  await expect(given).rejects.toThrow('not any more');
  const waits = taken(turns[B]);
  desk.forget(A);
  await waits;
});

test('a line of 64 is full for the device that filled it', async () => {
  const { turns } = room();
  for (let n = 0; n < 8 + 64; n++) void taken(turns[A]);
  await expect(taken(turns[A])).rejects.toMatchObject({ name: 'OverloadedError' });
});

test('a device that filled the line loses its last place to another one, which is the next', async () => {
  const { turns } = room();
  const many = Array.from({ length: 8 + 64 }, () => taken(turns[A]));
  const place = vi.fn();
  void taken(turns[B], place);
  await expect(many.at(-1)).rejects.toMatchObject({ name: 'OverloadedError' });
  expect(place).toHaveBeenCalledWith(1);
});

test('no device makes the desk remember without end, nor give more than there is, whatever it says it had', () => {
  const tell = vi.fn();
  const desk = new TurnDesk(room().clock, tell);
  for (let ticket = 0; ticket < 8; ticket++) desk.want(A, ticket, true);
  expect(tell).not.toHaveBeenCalled();
  for (let ticket = 8; ticket < 8 + 64; ticket++) desk.want(A, ticket, true);
  expect(tell).not.toHaveBeenCalledWith(expect.anything(), null);
  desk.want(A, 72, true);
  expect(tell).toHaveBeenCalledWith({ peer: A, ticket: 72 }, null);
  for (let ticket = 0; ticket < 8; ticket++) desk.end(A, ticket);
  desk.want(B, 0, false);
  expect(tell).toHaveBeenCalledWith({ peer: B, ticket: 0 }, 1);
});

test('a leader that comes back learns of turns that were given before, and of those that wait', async () => {
  const before = room();
  const turn = await taken(before.turns[A]);
  const desk: TurnDesk = new TurnDesk(before.clock, () => undefined);
  const want = vi.spyOn(desk, 'want');
  const again = new Turns({ want: (ticket, held) => desk.want(A, ticket, held), end: () => undefined });
  const waiting = taken(again);
  again.told(1, 0);
  await waiting;
  again.again();
  expect(want.mock.lastCall).toEqual([A, 1, true]);
  turn();
});

test('a device that never ends its eight turns keeps others for half a minute, and gets no more than eight', async () => {
  const { turns, clock } = room();
  await Promise.all(Array.from({ length: 8 }, () => taken(turns[A])));
  const more = vi.fn();
  void taken(turns[A]).then(more, () => undefined);
  const [first, second] = [vi.fn(), vi.fn()];
  void taken(turns[B]).then(first);
  void taken(turns[C]).then(second);
  await clock.pass(29_000);
  expect(first).not.toHaveBeenCalled();
  await clock.pass(10_000);
  expect(first).toHaveBeenCalled();
  expect(second).toHaveBeenCalled();
  await clock.pass(3_600_000);
  expect(more).not.toHaveBeenCalled();
});

test('devices with one long text each are left in peace, up to ten minutes', async () => {
  const clock = new VirtualClock(async () => undefined);
  const tell = vi.fn();
  const desk = new TurnDesk(clock, tell);
  for (let n = 0; n < 8; n++) desk.want(n.toString(16).repeat(16) as PeerId, 0, false);
  desk.want(A, 0, false);
  await clock.pass(590_000);
  expect(tell).not.toHaveBeenCalledWith({ peer: A, ticket: 0 }, 0);
  await clock.pass(20_000);
  expect(tell).toHaveBeenCalledWith({ peer: A, ticket: 0 }, 0);
  expect(clock.pending).toBe(0);
});

test('who says again and again that it had its turn already is believed eight times, then waits like others', () => {
  const tell = vi.fn();
  const desk = new TurnDesk(room().clock, tell);
  for (let ticket = 0; ticket < 8; ticket++) {
    desk.want(A, ticket, true);
    desk.end(A, ticket);
  }
  for (let ticket = 0; ticket < 8; ticket++) desk.want(B, ticket, false);
  desk.want(A, 8, true);
  expect(tell).toHaveBeenLastCalledWith({ peer: A, ticket: 8 }, 1);
  // A new link, as after a reload, is believed anew.
  desk.forget(A);
  desk.want(A, 1, true);
  expect(tell).not.toHaveBeenCalledWith({ peer: A, ticket: 1 }, expect.anything());
});

test('a desk that is closed waits for nothing', () => {
  const { desk, turns, clock } = room();
  for (let n = 0; n < 9; n++) void taken(turns[A]);
  expect(clock.pending).toBe(1);
  desk.close();
  expect(clock.pending).toBe(0);
});
