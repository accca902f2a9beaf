import { describe, expect, test } from 'vitest';
import type { Piece } from '../graph/pieces.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { StagePiece } from '../protocol/messages.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import { type LedgerNews, PieceLedger } from './ledger.ts';

const [ANN, BOB, CAT] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId, PeerId];
const hash = (digit: string): Sha256 => digit.repeat(64) as Sha256;

const pieces: Piece[] = Array.from({ length: 6 }, (_, id) => ({
  id,
  file: id < 3 ? '' : 'model.onnx_data',
  offset: id * 100,
  length: 100,
}));
const card: OriginCard = {
  url: 'https://hub.test/model.onnx',
  files: [
    { name: '', bytes: 1000, validator: null },
    { name: 'model.onnx_data', bytes: 1000, validator: null },
  ],
};
const some = (...ids: number[]): Piece[] => pieces.filter(({ id }) => ids.includes(id));

function ledger(...hashes: (Sha256 | null)[]): PieceLedger {
  const book = new PieceLedger(pieces, card, hashes);
  book.newPlan();
  return book;
}

/** Who is told what, in short. */
function told(
  news: LedgerNews['tell'],
): Record<string, [id: number, hash: string | null, holders: string][]> {
  return Object.fromEntries(
    [...news].map(([peer, list]) => [
      peer[0],
      list.map(({ id, hash: its, holders }) => [
        id,
        its?.[0] ?? null,
        holders.map(([name]) => name).join(''),
      ]),
    ]),
  );
}

/** What a device is to do about a piece. */
function duty({ awaited, holders, at }: StagePiece): string {
  if (holders.length > 0) return `ask ${holders.map(([name]) => name).join('')}`;
  if (awaited) return 'await';
  return at ? 'fetch' : 'nothing';
}

const duties = (list: readonly StagePiece[]): string[] => list.map(duty);

describe('the pieces of a stage', () => {
  test('are told with their places, lengths and hashes, in the order of the pack', () => {
    expect(ledger(null, hash('1')).assign(ANN, [...some(4), ...some(1)])).toEqual([
      { id: 4, length: 100, hash: null, at: { file: 1, offset: 400 }, holders: [], awaited: false },
      { id: 1, length: 100, hash: hash('1'), at: { file: 0, offset: 100 }, holders: [], awaited: false },
    ]);
  });

  test('that two devices need are fetched by one, and asked of it by the other', () => {
    const book = ledger();
    expect(duties(book.assign(ANN, some(0, 1)))).toEqual(['fetch', 'fetch']);
    expect(duties(book.assign(BOB, some(1, 2)))).toEqual(['await', 'fetch']);
    const news = book.held(ANN, [
      { id: 0, hash: hash('0') },
      { id: 1, hash: hash('1') },
    ]);
    expect(told(news.tell)).toEqual({ b: [[1, '1', 'a']] });
    expect(duties(book.assign(CAT, some(0, 1)))).toEqual(['ask a', 'ask a']);
  });

  test('are asked of at most four holders, never of oneself', () => {
    const book = ledger();
    const peers = Array.from({ length: 6 }, (_, at) => `${at}`.repeat(16) as PeerId);
    for (const peer of peers) book.held(peer, [{ id: 0, hash: hash('0') }]);
    expect(duties(book.assign(peers[1] ?? ANN, some(0)))).toEqual(['ask 0234']);
  });

  test('of a picked file come from the leader, who has them all', () => {
    const book = new PieceLedger(pieces, null);
    for (const { id } of pieces) book.held(ANN, [{ id, hash: hash(`${id}`) }]);
    book.newPlan();
    expect(book.assign(BOB, some(1, 4)).map((piece) => [piece.at, duty(piece)])).toEqual([
      [null, 'ask a'],
      [null, 'ask a'],
    ]);
    expect(duties(book.assign(ANN, some(1)))).toEqual(['nothing']);
  });

  test('that nobody has and that lie nowhere are nobody to fetch', () => {
    expect(duties(new PieceLedger(pieces, null).assign(ANN, some(0)))).toEqual(['nothing']);
  });
});

describe('word of pieces', () => {
  test('reaches everybody who waits, once, and whoever was about to fetch them', () => {
    const book = ledger();
    book.assign(ANN, some(0));
    book.assign(BOB, some(0));
    const news = book.held(CAT, [{ id: 0, hash: hash('0') }]);
    expect(told(news.tell)).toEqual({ a: [[0, '0', 'c']], b: [[0, '0', 'c']] });
    expect(book.held(ANN, [{ id: 0, hash: hash('0') }]).tell.size).toBe(0);
  });

  test('of a device that waited itself is not told back to it', () => {
    const book = ledger();
    book.assign(ANN, some(0));
    book.assign(BOB, some(0));
    expect(told(book.held(BOB, [{ id: 0, hash: hash('0') }]).tell)).toEqual({ a: [[0, '0', 'b']] });
  });

  test('with another hash than the agreed one is disputed, and its bearer holds nothing', () => {
    const book = ledger(hash('0'));
    const news = book.held(ANN, [
      { id: 0, hash: hash('f') },
      { id: 1, hash: hash('1') },
    ]);
    expect(news.disputed).toEqual([0]);
    expect(book.hashes.slice(0, 2)).toEqual([hash('0'), hash('1')]);
    expect(duties(book.assign(BOB, some(0, 1)))).toEqual(['fetch', 'ask a']);
  });

  test('that is disputed and came from the fetcher makes another one fetch', () => {
    const book = ledger(hash('0'));
    book.assign(ANN, some(0));
    book.assign(BOB, some(0));
    book.assign(CAT, some(0));
    expect(told(book.held(ANN, [{ id: 0, hash: hash('f') }]).tell)).toEqual({ b: [[0, '0', '']] });
    expect(told(book.held(BOB, [{ id: 0, hash: hash('0') }]).tell)).toEqual({ c: [[0, '0', 'b']] });
  });

  test('about pieces that the model does not have is nothing', () => {
    const book = ledger();
    for (const id of [6, -1, 0.5]) {
      expect(book.held(ANN, [{ id, hash: hash('0') }])).toEqual({ tell: new Map(), disputed: [] });
    }
  });

  test('that a holder sent something else takes only that piece from it', () => {
    const book = ledger();
    for (const id of [0, 1]) book.held(ANN, [{ id, hash: hash(`${id}`) }]);
    book.corrupt(ANN, 0);
    book.corrupt(BOB, 1);
    expect(duties(book.assign(CAT, some(0, 1)))).toEqual(['fetch', 'ask a']);
  });
});

describe('when a device leaves', () => {
  test('the first of those who wait fetches instead, and when it leaves too, the next', () => {
    const book = ledger();
    book.assign(ANN, some(0, 1));
    book.assign(BOB, some(0));
    book.assign(CAT, some(0));
    expect(told(book.gone(ANN))).toEqual({ b: [[0, null, '']] });
    expect(told(book.gone(BOB))).toEqual({ c: [[0, null, '']] });
    expect(told(book.gone(CAT))).toEqual({});
    // Piece 1 is open again as well.
    expect(duties(book.assign(BOB, some(0, 1)))).toEqual(['fetch', 'fetch']);
  });

  test('it is waited for by nobody, and no longer told of', () => {
    const book = ledger();
    book.assign(ANN, some(0));
    book.assign(BOB, some(0));
    expect(book.gone(BOB).size).toBe(0);
    expect(book.held(ANN, [{ id: 0, hash: hash('0') }]).tell.size).toBe(0);
    expect(book.gone(ANN).size).toBe(0);
    expect(duties(book.assign(CAT, some(0)))).toEqual(['fetch']);
    // What it had, the room still knows by name.
    expect(book.hashes[0]).toBe(hash('0'));
  });
});

test('a new plan opens what was being fetched, and keeps what is held', () => {
  const book = ledger();
  book.assign(ANN, some(0, 1));
  book.assign(BOB, some(0, 1));
  book.held(ANN, [{ id: 0, hash: hash('0') }]);
  book.newPlan();
  expect(duties(book.assign(BOB, some(0, 1)))).toEqual(['ask a', 'fetch']);
  // Ann finds piece 0 in her own store.
  expect(duties(book.assign(ANN, some(0, 1)))).toEqual(['fetch', 'await']);
  // Word from the plan before still counts.
  expect(told(book.held(ANN, [{ id: 1, hash: hash('1') }]).tell)).toEqual({ b: [[1, '1', 'a']] });
});

describe('spare copies', () => {
  test('what an origin has, or two devices have, or the heir has, needs no copy', () => {
    const book = new PieceLedger(
      pieces,
      null,
      pieces.map(({ id }) => hash(String(id))),
    );
    book.held(
      ANN,
      [0, 1, 2].map((id) => ({ id, hash: hash(String(id)) })),
    );
    book.held(BOB, [{ id: 1, hash: hash('1') }]);
    book.held(CAT, [{ id: 2, hash: hash('2') }]);
    expect(book.scarce(BOB).map(({ id }) => id)).toEqual([0, 3, 4, 5]);
    expect(book.scarce(BOB)[0]?.holders).toEqual([ANN]);
    expect(ledger(...pieces.map(({ id }) => hash(String(id)))).scarce(BOB)).toEqual([]);
  });

  test('the server of the page may go with the leader, but is asked where no device has a piece', () => {
    const hashes = pieces.map(({ id }) => hash(String(id)));
    const book = new PieceLedger(pieces, card, hashes, false);
    book.held(ANN, [{ id: 0, hash: hash('0') }]);
    expect(book.scarce(BOB).map(({ id }) => id)).toContain(0);
    book.gone(ANN);
    expect(book.lacking).toBe(0);
    expect(book.assign(BOB, some(0))[0]).toMatchObject({ at: { file: 0, offset: 0 }, holders: [] });
  });
});
