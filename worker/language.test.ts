import { existsSync, readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, it } from 'vitest';
import { blocksOf } from '../core/graph/blocks.ts';
import { memorySource } from '../core/graph/byte-source.ts';
import { initialStates } from '../core/graph/initial-states.ts';
import { modelGraph } from '../core/graph/model-graph.ts';
import { readModel } from '../core/graph/onnx-model.ts';
import { sampleInputs } from '../core/graph/sample-inputs.ts';
import { type DecoderIo, decoderIo } from '../core/language/decoder-io.ts';
import { GREEDY } from '../core/language/sampling.ts';
import { systemClock } from '../core/mesh/clock.ts';
import { Conversation, type WriteOptions } from '../core/runtime/conversation.ts';
import type { OpenModel } from '../core/runtime/leader.ts';
import { LAPTOP, type Page, PHONE, RoomUnderTest, running, TABLET } from './room-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const FOLDER = new URL('../../shared/models/stories260k/', import.meta.url);
const HERE = existsSync(FOLDER);
if (!HERE) console.warn('skipped: ../shared/models/stories260k is missing');

/** What the file says it writes: greedy, up to `max_length` tokens, prompt included. */
interface Expected {
  readonly prompt_ids: readonly number[];
  readonly ids: readonly number[];
  readonly max_length: number;
}

const EXPECTED: readonly Expected[] = HERE
  ? JSON.parse(readFileSync(new URL('expected_greedy.json', FOLDER), 'utf8'))
  : [];

async function openedStories(): Promise<{ model: OpenModel; io: DecoderIo }> {
  const file = new Uint8Array(readFileSync(new URL('model.onnx', FOLDER)));
  const graph = modelGraph(await readModel(memorySource(file)));
  const blocks = blocksOf(graph);
  const states = initialStates(graph.inputs, blocks.states, {});
  const card: OpenModel['card'] = {
    name: 'stories260k',
    about: '',
    source: 'file',
    bytes: file.byteLength,
    weightBytes: 0,
    nodes: graph.nodes.length,
    blocks: blocks.count,
    uncuttable: null,
    inputs: graph.inputs,
    outputs: graph.outputs,
    states: states.map(({ input, output }) => ({ input, output })),
    dims: {},
    task: { kind: 'tensors' },
  };
  const io = decoderIo(card);
  if (!io) throw new Error('stories260k is a decoder');
  const blob = new Blob([file]);
  const model: OpenModel = {
    card,
    graph,
    blocks,
    blobOf: () => blob,
    atHand: new Map(),
    origin: null,
    hashes: [],
    sample: (guess) => sampleInputs(graph.inputs, {}, 1, guess),
  };
  return { model, io };
}

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

describe.skipIf(!HERE)('stories260k in a room on memory links', () => {
  async function opened(devices: number): Promise<{ pages: readonly Page[]; io: DecoderIo }> {
    const { model, io } = await openedStories();
    room = new RoomUnderTest(ort);
    const pages = [LAPTOP, PHONE, TABLET].slice(0, devices).map((peer) => room.join(peer));
    const [leader] = pages;
    await leader?.leader?.open(model);
    for (const page of pages) await running(page, devices);
    return { pages, io };
  }

  const talk = ({ member }: Page, io: DecoderIo): Conversation =>
    new Conversation({ asker: member.asker, clock: systemClock, io, contextTokens: 512 });

  it.each([1, 2, 3])(
    'writes what the file says, over %i devices, with drafts and without',
    async (devices) => {
      const { pages, io } = await opened(devices);
      for (const { prompt_ids, ids } of EXPECTED) {
        for (const draft of [false, true]) {
          const conversation = talk(pages.at(-1) ?? (pages[0] as Page), io);
          const options = { ...PLAIN, maxNewTokens: ids.length - prompt_ids.length, draft };
          const tokens = await written(conversation.write(prompt_ids, options));
          conversation.end();
          expect([...prompt_ids, ...tokens]).toEqual(ids);
        }
      }
    },
  );
});
