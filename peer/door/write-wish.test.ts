import { beforeEach, expect, test, vi } from 'vitest';
import type { OpenLanguage } from '../../app/session/language/open-language.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import { Turns } from '../../core/runtime/turns.ts';
import { type Tensor, tensor } from '../../core/tensor/tensor.ts';
import { CallerGoneError, type Exchange } from './exchange.ts';
import { sendStream } from './send-text.ts';
import { completionForm } from './text-forms.ts';
import type { TextWish } from './text-wish.ts';
import { writeWish } from './write-wish.ts';

const WISH: TextWish = {
  model: 'm',
  prompt: { kind: 'text', text: 'a' },
  maxNewTokens: 9,
  stops: [],
  sampling: { temperature: 0 },
  seed: 1,
  stream: true,
  includeUsage: false,
};

const ended = vi.fn();
const given = vi.fn();
const waits = vi.fn();
let language: OpenLanguage;
let turns: Turns;
beforeEach(() => {
  vi.clearAllMocks();
  turns = new Turns({ want: (ticket) => turns.told(ticket, 0), end: given });
  /** Each token is followed by the next one. */
  const ask = async ([ids]: readonly Tensor[]) => {
    const [last = 0] = new BigInt64Array(ids?.data.slice().buffer ?? new ArrayBuffer(8))
      .slice(-1)
      .map((id) => id + 1n);
    const chosen = new Uint8Array(Int32Array.of(Number(last)).buffer);
    return { request: 1, epoch: 1, tensors: [tensor('int32', [1, 1], chosen)], latencyMs: 1, stages: [] };
  };
  const asker = { plan: null, newSequence: () => 1, endSequence: ended, ask };
  const io = { inputs: [{ name: 'input_ids', dtype: 'int64', dims: ['b', 's'], role: 'ids' }] };
  language = {
    writer: { asker, clock: systemClock, io, contextTokens: 200, invariant: false, texts: new Set() },
    tokeniser: { decode: (tokens: readonly number[]) => String.fromCharCode(...tokens) },
    stopTokens: new Set([0]),
    sampling: {},
  } as unknown as OpenLanguage;
});
const write = (): ReturnType<typeof writeWish> => {
  const { signal } = new AbortController();
  return writeWish(WISH, [97], language, { turns, signal, news: { waits, token: () => undefined } });
};

function nothingKept(): void {
  expect(given).toHaveBeenCalledTimes(1);
  expect(ended).toHaveBeenCalledTimes(1);
  expect(language.writer.texts.size).toBe(0);
  expect(waits.mock.calls).toEqual([[true], [false]]);
}

test('a text that is written to its end gives its turn and its past back', async () => {
  let text = '';
  for await (const piece of write()) text += piece;
  expect(text).toBe('bcdefghij');
  nothingKept();
});

test('so does one whose caller wants no more of it', async () => {
  for await (const _ of write()) break;
  nothingKept();
});

test('and one whose caller goes between two pieces, while nothing else tells', async () => {
  const sent: string[] = [];
  let began = false;
  const exchange = {
    signal: new AbortController().signal,
    get began() {
      return began;
    },
    begin: () => {
      began = true;
    },
    write: async (text: string) => {
      if (sent.length === 2) throw new CallerGoneError('The caller has gone.');
      sent.push(text);
    },
  } as unknown as Exchange;
  const sending = sendStream(exchange, write(), completionForm('m'), WISH, () => undefined);
  await expect(sending).rejects.toBeInstanceOf(CallerGoneError);
  expect(sent).toHaveLength(2);
  nothingKept();
});
