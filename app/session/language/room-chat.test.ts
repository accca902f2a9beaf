import { expect, test, vi } from 'vitest';
import type { DecoderIo } from '../../../core/language/decoder-io.ts';
import { systemClock } from '../../../core/mesh/clock.ts';
import type { Asker, SequencePlace } from '../../../core/runtime/asker.ts';
import { Turns } from '../../../core/runtime/turns.ts';
import { type Tensor, tensor } from '../../../core/tensor/tensor.ts';
import { RoomChat } from './room-chat.ts';
import type { Tokeniser, Turn } from './tokeniser.ts';

const IO: DecoderIo = {
  inputs: [{ name: 'input_ids', dtype: 'int64', dims: ['b', 's'], role: 'ids' }],
  scores: { name: 'logits', dtype: 'float32', dims: ['b', 's', 256] },
};
const END = 0;
/** After each letter the next of the alphabet, and after z the end. */
const next = (letter: number): number => (letter === 122 ? END : letter + 1);

interface Parts {
  readonly chat: RoomChat;
  readonly turns: Turns;
  /** Tokens that each run was fed. */
  readonly fed: number[][];
  /** Runs wait while it is closed. */
  gate: Promise<void>;
}

function parts({ talks = false, failing = false, contextTokens = 200 } = {}): Parts {
  const fed: number[][] = [];
  let number = 1;
  const ask = async ([ids]: readonly Tensor[], { place }: { place: SequencePlace }) => {
    const tokens = [...new BigInt64Array(ids?.data.slice().buffer ?? new ArrayBuffer(0))].map(Number);
    fed.push(tokens);
    await made.gate;
    if (failing) throw new Error('the room is gone');
    const picks = place.decode?.picks ?? 0;
    const chosen = tokens.slice(tokens.length - picks).map(next);
    const answer = tensor('int32', [1, picks], new Uint8Array(Int32Array.from(chosen).buffer));
    return { request: 1, epoch: 1, tensors: [answer], latencyMs: 1, stages: [] };
  };
  const asker = { plan: null, newSequence: () => number++, endSequence: () => undefined, ask };
  const turns: Turns = new Turns({ want: (ticket) => turns.told(ticket, 0), end: () => undefined });
  const codes = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
  const tokeniser = {
    talks,
    encode: codes,
    decode: (tokens: readonly number[]) => String.fromCharCode(...tokens),
    talk: (list: readonly Turn[]) =>
      codes(list.map(({ role, content }) => `${role[0]}:${content}`).join(';')),
  };
  const chat = new RoomChat({
    writer: {
      asker: asker as unknown as Asker,
      clock: systemClock,
      io: IO,
      contextTokens,
      invariant: true,
      texts: new Set(),
    },
    turns,
    tokeniser: tokeniser as unknown as Tokeniser,
    stopTokens: new Set([END]),
    sampling: { topK: 3 },
    now: () => performance.now(),
    seed: () => 1,
  });
  chat.settings.value = { temperature: 0, maxNewTokens: 8 };
  const made: Parts = { chat, turns, fed, gate: Promise.resolve() };
  return made;
}

const idle = ({ chat }: Parts): Promise<void> => vi.waitFor(() => expect(chat.state.value.busy).toBe(false));
const texts = ({ chat }: Parts): string[] => chat.state.value.messages.map(({ text }) => text);

test('an answer comes piece by piece and ends where the model ends it', async () => {
  const the = parts();
  the.chat.send('tuv');
  expect(the.chat.state.value.busy).toBe(true);
  await idle(the);
  const [, answer] = the.chat.state.value.messages;
  expect(answer).toMatchObject({ role: 'assistant', text: 'wxyz', status: 'done', cut: null });
  expect(answer?.pace?.tokens).toBe(4);
});

test('an answer that is cut can go on, and a text goes on after it', async () => {
  const the = parts();
  the.chat.send('a');
  await idle(the);
  expect(the.chat.state.value.messages.at(-1)).toMatchObject({ text: 'bcdefghi', cut: 'length' });
  the.chat.goOn();
  await idle(the);
  expect(texts(the)).toEqual(['a', 'bcdefghi', 'jklmnopq']);
  the.chat.send('x');
  await idle(the);
  expect(texts(the).at(-1)).toBe('yz');
  // What the stages hold already is not fed again.
  expect(the.fed.flat().filter((token) => token === 97)).toHaveLength(1);
});

test('another answer goes back to the question', async () => {
  const the = parts();
  the.chat.send('s');
  await idle(the);
  the.chat.again();
  await idle(the);
  expect(texts(the)).toEqual(['s', 'tuvwxyz']);
});

test('a model that talks gets all turns in its own form', async () => {
  const the = parts({ talks: true });
  the.chat.send('w');
  await idle(the);
  the.chat.send('y');
  await idle(the);
  expect(texts(the)).toEqual(['w', 'xyz', 'y', 'z']);
  const all = String.fromCharCode(...the.fed.flat());
  expect(all).toContain('u:w');
  expect(all).toContain(';a:xyz;u:y');
});

test('a stop leaves what is there, and the talk goes on', async () => {
  const the = parts();
  let open = (): void => undefined;
  the.chat.state.subscribe(({ messages }) => {
    if (messages.at(-1)?.text !== 'bcd') return;
    the.gate = new Promise((resolve) => {
      open = resolve;
    });
  });
  the.chat.send('a');
  await vi.waitFor(() => expect(the.chat.state.value.messages.at(-1)?.text).toBe('bcd'));
  the.chat.stop();
  await idle(the);
  expect(the.chat.state.value.messages.at(-1)?.status).toBe('stopped');
  open();
  the.gate = Promise.resolve();
  the.chat.send('y');
  await idle(the);
  expect(texts(the).at(-1)).toBe('z');
});

test('what cannot be written is said in the talk: a room that is gone, a question that is too long', async () => {
  const gone = parts({ failing: true });
  gone.chat.send('a');
  await idle(gone);
  expect(gone.chat.state.value.messages.at(-1)).toMatchObject({
    status: 'failed',
    problem: 'the room is gone',
  });
  const small = parts({ contextTokens: 10 });
  small.chat.send('abcdefghijklm');
  await idle(small);
  expect(small.chat.state.value.messages.at(-1)?.problem).toMatch(/13 tokens, and at most 10/);
});

test('who waits is told the place in line; a new talk forgets the one before', async () => {
  const the = parts();
  const told: number[] = [];
  vi.spyOn(the.turns, 'take').mockImplementation(async (place) => {
    place(2);
    told.push(the.chat.state.value.messages.at(-1)?.place ?? 0);
    return () => undefined;
  });
  the.chat.send('s');
  await idle(the);
  expect(told).toEqual([2]);
  the.chat.clear();
  expect(the.chat.state.value).toMatchObject({ messages: [], busy: false, usedTokens: 0 });
});
