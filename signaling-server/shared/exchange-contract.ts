import { afterEach, expect, test } from 'vitest';
import type { RoomId } from '../../core/ids.ts';
import type { Exchange, OpenExchange, Stored } from './exchange.ts';

const ROOM = 'maple-otter-7' as RoomId;

export interface ExchangeSetting {
  readonly open: OpenExchange;
  /** Ends all connections, and forgets everything. */
  restart(): Promise<void>;
}

/** What every exchange keeps to. */
export function exchangeContract(setting: () => ExchangeSetting): void {
  const closing: Exchange[] = [];
  afterEach(async () => {
    for (const exchange of closing.splice(0)) await exchange.close();
  });

  let names = 0;
  const stored = (n: number, text: string): Stored => ({ tag: n.toString(16).padStart(16, '0'), text });

  async function member(): Promise<{ exchange: Exchange; heard: string[]; lost: number }> {
    const found = { heard: [] as string[], lost: 0 };
    const exchange = await setting().open(`process-${++names}`, {
      posted: (bytes) => found.heard.push(bytes.toString('latin1')),
      lost: () => {
        found.lost++;
      },
    });
    closing.push(exchange);
    return Object.assign(found, { exchange });
  }

  test('a change holds when nobody was quicker; who was late learns what is there', async () => {
    const [a, b] = [(await member()).exchange, (await member()).exchange];
    expect(await a.load(ROOM)).toBeUndefined();
    const first = stored(1, 'first, with ünicode');
    expect(await a.change(ROOM, { before: undefined, after: first, posts: [] })).toEqual({
      done: true,
      absent: [],
    });
    expect(await b.change(ROOM, { before: undefined, after: stored(2, 'late'), posts: [] })).toEqual({
      done: false,
      now: first,
    });
    const second = stored(3, 'second');
    expect(await b.change(ROOM, { before: first.tag, after: second, posts: [] })).toMatchObject({
      done: true,
    });
    expect(await a.load(ROOM)).toEqual(second);
    expect(await a.change(ROOM, { before: second.tag, after: undefined, posts: [] })).toMatchObject({
      done: true,
    });
    expect(await b.load(ROOM)).toBeUndefined();
    expect(await b.change(ROOM, { before: second.tag, after: first, posts: [] })).toEqual({
      done: false,
      now: undefined,
    });
  });

  test('what is kept is told from what was forgotten', async () => {
    const { exchange } = await member();
    await exchange.change(ROOM, { before: undefined, after: stored(1, 'x'), posts: [] });
    const other = 'other-room-1' as RoomId;
    expect(await exchange.keep([ROOM, other])).toEqual([other]);
    expect(await exchange.load(other)).toBeUndefined();
  });

  test('of changes made at once from the same state exactly one holds', async () => {
    const members = await Promise.all([member(), member(), member()]);
    const tries = await Promise.all(
      members.map(({ exchange }, i) =>
        exchange.change(ROOM, { before: undefined, after: stored(i + 1, `by ${i}`), posts: [] }),
      ),
    );
    expect(tries.filter(({ done }) => done)).toHaveLength(1);
  });

  test('posts arrive in order, those of changes among them, with all their bytes', async () => {
    const [a, b] = [await member(), await member()];
    const to = b.exchange.name;
    const bytes = Buffer.from([1, 0, 255, 128, 10, 13]);
    expect(await a.exchange.post({ to, bytes })).toBe(true);
    const posts = [{ to, bytes: Buffer.from('with a change') }];
    await a.exchange.change(ROOM, { before: undefined, after: stored(1, 'x'), posts });
    await a.exchange.post({ to, bytes: Buffer.from('after it') });
    await expect.poll(() => b.heard).toEqual([bytes.toString('latin1'), 'with a change', 'after it']);
    expect(a.heard).toEqual([]);
  });

  test('a change that does not hold posts nothing', async () => {
    const [a, b] = [await member(), await member()];
    const change = { before: '0'.repeat(16), after: stored(1, 'x') };
    const posts = [{ to: b.exchange.name, bytes: Buffer.from('never') }];
    expect(await a.exchange.change(ROOM, { ...change, posts })).toMatchObject({ done: false });
    await a.exchange.post({ to: b.exchange.name, bytes: Buffer.from('only this') });
    await expect.poll(() => b.heard).toEqual(['only this']);
  });

  test('who has closed is missing at once, and absent for posts', async () => {
    const [a, b] = [await member(), await member()];
    const { name } = b.exchange;
    expect(await a.exchange.missing([name, a.exchange.name, 'nobody'])).toEqual(['nobody']);
    await b.exchange.close();
    expect(await a.exchange.missing([name])).toEqual([name]);
    expect(await a.exchange.post({ to: name, bytes: Buffer.from('x') })).toBe(false);
    const posts = [{ to: name, bytes: Buffer.from('x') }];
    expect(await a.exchange.change(ROOM, { before: undefined, after: stored(1, 'x'), posts })).toEqual({
      done: true,
      absent: [name],
    });
    expect(b.lost).toBe(0);
  });

  test('a lost connection is told once, and everything said over it fails', async () => {
    const a = await member();
    await a.exchange.change(ROOM, { before: undefined, after: stored(1, 'x'), posts: [] });
    await setting().restart();
    await expect.poll(() => a.lost).toBe(1);
    await expect(a.exchange.load(ROOM)).rejects.toThrow();
    await expect(a.exchange.beat()).rejects.toThrow();
    const again = await member();
    expect(await again.exchange.load(ROOM)).toBeUndefined();
    expect(a.lost).toBe(1);
  });
}
