import { existsSync, readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RuntimeFailedError } from '../core/errors.ts';
import type { PeerId } from '../core/ids.ts';
import { type DecoderIo, decoderIo } from '../core/language/decoder-io.ts';
import { GREEDY } from '../core/language/sampling.ts';
import { systemClock } from '../core/mesh/clock.ts';
import type { Asker } from '../core/runtime/asker.ts';
import { Conversation, type WriteOptions } from '../core/runtime/conversation.ts';
import { int8Twin } from '../models/int8/twin.ts';
import { LAPTOP, modelOf, type Page, PHONE, RoomUnderTest, running, TABLET } from './room-under-test.ts';
import { StageWorker } from './stage-worker.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

/** What a file says its model writes: greedy, the prompt included. */
interface Expected {
  readonly prompt_ids: readonly number[];
  readonly ids: readonly number[];
}

interface Known {
  readonly name: string;
  readonly model: URL;
  readonly expected: URL;
  readonly contextTokens: number;
}

const here = (path: string): URL => new URL(`../${path}`, import.meta.url);
const BARD: Known = {
  name: 'bard',
  model: here('public/models/bard/model.onnx'),
  expected: here('models/bard/expected_greedy.json'),
  contextTokens: 256,
};
const STORIES: Known = {
  name: 'stories260k',
  model: here('../shared/models/stories260k/model.onnx'),
  expected: here('../shared/models/stories260k/expected_greedy.json'),
  contextTokens: 512,
};
const HERE = existsSync(STORIES.model);
if (!HERE) console.warn('skipped: ../shared/models/stories260k is missing');

const expectedOf = ({ expected }: Known): readonly Expected[] => JSON.parse(readFileSync(expected, 'utf8'));

const PLAIN: WriteOptions = {
  sampling: GREEDY,
  maxNewTokens: 64,
  stopTokens: new Set(),
};

async function written(text: AsyncGenerator<number, string>): Promise<number[]> {
  const tokens: number[] = [];
  for await (const token of text) tokens.push(token);
  return tokens;
}

let room: RoomUnderTest;
afterEach(() => room.close());

/** Of all conversations of a test. */
let texts: Set<Conversation>;

async function opened(
  known: Pick<Known, 'name' | 'model'>,
  devices: number,
  change: (file: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (file) => file,
): Promise<{ pages: readonly Page[]; io: DecoderIo; invariant: boolean }> {
  texts = new Set();
  const model = await modelOf(known.name, change(new Uint8Array(readFileSync(known.model))));
  const io = decoderIo(model.card);
  if (!io) throw new Error(`${known.name} is a decoder`);
  room = new RoomUnderTest(ort);
  const others = ['d', 'e'].map((letter) => letter.repeat(16) as PeerId);
  const pages = [LAPTOP, PHONE, TABLET, ...others].slice(0, devices).map((peer) => room.join(peer));
  await pages[0]?.leader?.open(model);
  for (const page of pages) await running(page, devices);
  return { pages, io, invariant: model.card.runs?.invariant ?? false };
}

const talk = (page: Page | undefined, io: DecoderIo, { contextTokens }: Known): Conversation => {
  if (!page) throw new Error('no such device');
  const { asker } = page.member;
  return new Conversation({ asker, clock: systemClock, io, contextTokens, invariant: true, texts });
};

describe.each([
  { known: BARD, devices: [1, 3], there: true },
  { known: STORIES, devices: [1, 2, 3, 5], there: HERE },
])('$known.name in a room on memory links', ({ known, devices, there }) => {
  it.skipIf(!there).each(devices)(
    'writes what its file says, over %i devices, with drafts and without',
    async (count) => {
      const { pages, io } = await opened(known, count);
      for (const { prompt_ids, ids } of expectedOf(known)) {
        for (const draft of [false, true]) {
          const conversation = talk(pages.at(-1), io, known);
          const options = { ...PLAIN, maxNewTokens: ids.length - prompt_ids.length, draft };
          const tokens = await written(conversation.write(prompt_ids, options));
          conversation.end();
          expect([...prompt_ids, ...tokens]).toEqual(ids);
        }
      }
    },
  );
});

const shared = (path: string): URL => here(`../shared/models/${path}`);
const GQA: Known = {
  name: 'gqa-fp16-2layer',
  model: shared('decoders/gqa-fp16-2layer.onnx'),
  expected: shared('decoders/none'),
  contextTokens: 256,
};

describe.skipIf(!HERE)('every kind of decoder, 128 words', () => {
  const decoder = (name: string) => ({ name, model: shared(`decoders/${name}.onnx`) });
  it.each([
    { ...decoder('gpt2-fused-past'), twin: false },
    { ...decoder('gqa-fp16-2layer'), twin: false },
    { ...decoder('hybrid-conv-state'), twin: false },
    { name: 'the int8 twin of stories260k', model: STORIES.model, twin: true },
  ])('writes on two devices what it writes on one: $name', async ({ twin, ...known }) => {
    const prompt = [3, 1, 4, 1, 5, 9, 2, 6];
    const onDevices: number[][] = [];
    for (const devices of [1, 2]) {
      const { pages, io, invariant } = await opened(known, devices, twin ? int8Twin : undefined);
      expect(invariant).toBe(!twin);
      const [page] = pages;
      if (!page) throw new Error('no such device');
      const { asker } = page.member;
      const writer = { asker, clock: systemClock, io, contextTokens: 160, invariant, texts };
      const text = new Conversation(writer).write(prompt, { ...PLAIN, maxNewTokens: 128 });
      onDevices.push(await written(text));
      room.close();
    }
    expect(onDevices[0]).toHaveLength(128);
    expect(onDevices[1]).toEqual(onDevices[0]);
  });
});

describe('texts that are written at the same time', () => {
  it.skipIf(!HERE).each([
    { known: BARD, devices: 2 },
    { known: STORIES, devices: 3 },
    { known: GQA, devices: 1 },
    { known: GQA, devices: 2 },
  ])(
    'are those that each would be alone, though their steps run together: $known.name on $devices',
    async ({ known, devices }) => {
      const { pages, io } = await opened(known, devices);
      const vocabulary = io.vocabulary ?? 100;
      // Some are read in two parts, which must not overtake each other.
      const prompts = [3, 37, 40, 40, 1, 45].map((length, n) =>
        Array.from({ length }, (_, at) => (at * 31 + n * 17 + 5) % vocabulary),
      );
      const write = async (prompt: readonly number[], page: Page | undefined): Promise<number[]> => {
        const conversation = talk(page, io, known);
        const tokens = await written(
          conversation.write(prompt, { ...PLAIN, maxNewTokens: 40, draft: false }),
        );
        conversation.end();
        return tokens;
      };
      const alone: number[][] = [];
      for (const prompt of prompts) alone.push(await write(prompt, pages[0]));
      const run = vi.spyOn(StageWorker.prototype, 'run');
      const together = await Promise.all(prompts.map((prompt, n) => write(prompt, pages[n % devices])));
      const rows = run.mock.calls.map(([, inputs]) =>
        Math.max(1, ...inputs.map((input) => ('rows' in input ? input.rows.length : 1))),
      );
      run.mockRestore();
      expect(together).toEqual(alone);
      // One stage takes all six at once; two take three each, as far as they come in time.
      expect(Math.max(...rows)).toBeGreaterThanOrEqual(devices === 1 ? 4 : 2);
      expect(rows.filter((count) => count > 1).length).toBeGreaterThan(rows.length / 4);
    },
  );
});

it('each goes on alone where a run with others fails, and is what it would have been', async () => {
  const { pages, io } = await opened(BARD, 1);
  const prompts = [
    [3, 1, 4],
    [1, 5, 9, 2],
  ];
  const write = async (prompt: readonly number[]): Promise<number[]> => {
    const conversation = talk(pages[0], io, BARD);
    const tokens = await written(conversation.write(prompt, { ...PLAIN, maxNewTokens: 24, draft: false }));
    conversation.end();
    return tokens;
  };
  const alone = [await write(prompts[0] ?? []), await write(prompts[1] ?? [])];
  const { run } = StageWorker.prototype;
  let refused = 0;
  const spy = vi.spyOn(StageWorker.prototype, 'run').mockImplementation(function (
    this: StageWorker,
    ...given
  ) {
    if (!given[1].some((input) => 'rows' in input)) return run.apply(this, given);
    refused++;
    return Promise.reject(new RuntimeFailedError('no company', { step: 'run' }));
  });
  const together = await Promise.all(prompts.map(write));
  spy.mockRestore();
  expect(together).toEqual(alone);
  expect(refused).toBe(1);
});

describe('a conversation in a room', () => {
  /** Fed one by one, as nothing else is known of what comes after it. */
  const long = (io: DecoderIo): number[] =>
    Array.from({ length: 200 }, (_, at) => (at * 37) % (io.vocabulary ?? 1));

  it("begins with what another has of its text, and the other goes on as if it hadn't", async () => {
    const { pages, io } = await opened(BARD, 2);
    const [page] = pages;
    const options = { ...PLAIN, maxNewTokens: 12 };
    const prompt = long(io);
    const first = talk(page, io, BARD);
    const tokens = await written(first.write(prompt, options));
    const ask = vi.spyOn(page?.member.asker as Asker, 'ask');
    const second = talk(page, io, BARD);
    expect(await written(second.write(prompt, { ...options, draft: false }))).toEqual(tokens);
    // The last word of the prompt, for what comes after it, and the eleven that came.
    expect(ask).toHaveBeenCalledTimes(12);
    const [all, more] = [[...prompt, ...tokens], await written(first.write([...prompt, ...tokens], options))];
    first.end();
    second.end();
    const fresh = talk(page, io, BARD);
    expect(await written(fresh.write(all, options))).toEqual(more);
  });

  it('that is stopped while it reads sends nothing more, and its next turn is right', async () => {
    const { pages, io } = await opened(BARD, 2);
    const [page] = pages;
    const options = { ...PLAIN, maxNewTokens: 8 };
    const prompt = long(io);
    const control = new AbortController();
    const conversation = talk(page, io, BARD);
    const ask = vi.spyOn(page?.member.asker as Asker, 'ask');
    const stopped = written(conversation.write(prompt, { ...options, signal: control.signal }));
    await vi.waitFor(() => expect(ask).toHaveBeenCalled());
    control.abort(new Error('not any more'));
    await expect(stopped).rejects.toThrow('not any more');
    const asked = ask.mock.calls.length;
    await Promise.allSettled(ask.mock.results.map(({ value }) => value));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(ask).toHaveBeenCalledTimes(asked);
    // Another text that begins as the one before.
    const other = [...prompt.slice(0, 40), ...prompt.slice(0, 40).reverse()];
    const tokens = await written(conversation.write(other, options));
    conversation.end();
    expect(await written(talk(page, io, BARD).write(other, options))).toEqual(tokens);
  });
});
