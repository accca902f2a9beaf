import type { Streamed, StreamItem } from './stream.ts';

type Done = Pick<StreamItem, 'doneAt'>;

/** Answers a second over the whole stream, from the first question to the last answer. */
export function wholeRate(items: readonly Pick<StreamItem, 'askedAt' | 'doneAt'>[]): number {
  const begun = Math.min(...items.map(({ askedAt }) => askedAt));
  const ended = Math.max(...items.map(({ doneAt }) => doneAt));
  return (items.length * 1000) / (ended - begun);
}

/** Answers a second while the room was full: without the first and the last `inFlight` answers. */
export function steadyRate(items: readonly Done[], inFlight: number): number {
  return rateBetween(items, inFlight - 1, items.length - 1 - inFlight);
}

/** Answers a second from the answer at place `from` to that at place `to`. */
export function rateBetween(items: readonly Done[], from: number, to: number): number {
  const [first, last] = [items[from], items[to]];
  if (!first || !last || to <= from)
    throw new RangeError(`no answers from ${from} to ${to} of ${items.length}`);
  return ((to - from) * 1000) / (last.doneAt - first.doneAt);
}

/** Windows over which a stream must be back: a few answers, and enough that it is no accident. */
const WINDOW = 10;
const LASTING = 30;

/**
 * How many answers came after the one at place `from` until the rate was back at `wanted`: from there on over the
 * next 10 answers, and over the next 30 as well. Null when it never was.
 */
export function answersUntil(items: readonly Done[], from: number, wanted: number): number | null {
  for (let n = 0; from + n + LASTING < items.length; n++) {
    const at = from + n;
    const back = [WINDOW, LASTING].every((span) => rateBetween(items, at, at + span) >= wanted);
    if (back) return n;
  }
  return null;
}

/** What is wrong with a stream of `count` items, in words: something lost, twice, failed or another's answer. */
export function faultsOf({ items, failures }: Streamed, count: number): string[] {
  const times = new Map<number, number>();
  for (const { index } of items) times.set(index, (times.get(index) ?? 0) + 1);
  const lost = Array.from({ length: count }, (_, index) => index).filter((index) => !times.has(index));
  const twice = [...times].filter(([, n]) => n > 1).map(([index]) => index);
  const wrong = items.filter(({ right }) => !right).map(({ index }) => index);
  const told = (what: string, list: readonly number[]): string[] =>
    list.length === 0 ? [] : [`${what}: ${list.join(', ')}`];
  return [...told('lost', lost), ...told('answered twice', twice), ...told('wrong', wrong), ...failures];
}
