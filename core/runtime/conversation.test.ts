import { expect, test, vi } from 'vitest';
import { RequestFailedError } from '../errors.ts';
import type { Epoch, RequestId } from '../ids.ts';
import type { DecoderIo } from '../language/decoder-io.ts';
import { tensor } from '../tensor/tensor.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import { type Asker, type AskResult, MODEL_CHANGED } from './asker.ts';
import { Conversation, type Writer } from './conversation.ts';

const io: DecoderIo = {
  inputs: [{ name: 'tokens', dtype: 'int64', dims: [1, null], role: 'ids' }],
  scores: { name: 'scores', dtype: 'float32', dims: [1, null, 9] },
};
const GREEDY = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };

/** A device whose runs fail as `failures` say, one after the other, and then choose token 7. */
function scene(failures: string[]): { asker: Asker; clock: VirtualClock; writer: Writer } {
  const clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
  let sequences = 0;
  const answer: AskResult = {
    request: 1 as RequestId,
    epoch: 1 as Epoch,
    tensors: [tensor('int32', [1], new Uint8Array(Int32Array.of(7).buffer))],
    latencyMs: 1,
    stages: [],
  };
  const asker = {
    plan: null,
    newSequence: () => ++sequences,
    endSequence: () => undefined,
    ask: async () => {
      const step = failures.shift();
      if (step !== undefined) throw new RequestFailedError(`failed at ${step}`, { step });
      return answer;
    },
  } as unknown as Asker;
  const writer: Writer = { asker, clock, io, contextTokens: 100, invariant: false, texts: new Set() };
  return { asker, clock, writer };
}

function writing(failures: string[]): { text: AsyncGenerator<number>; clock: VirtualClock } {
  const { clock, writer } = scene(failures);
  const options = { sampling: GREEDY, maxNewTokens: 2, stopTokens: new Set<number>() };
  return { text: new Conversation(writer).write([1, 2, 3], options), clock };
}

async function all(text: AsyncGenerator<number>, clock: VirtualClock): Promise<number[]> {
  const tokens: number[] = [];
  const done = (async () => {
    for await (const token of text) tokens.push(token);
  })();
  done.catch(() => undefined);
  await clock.pass(200_000);
  await done;
  return tokens;
}

test('a text goes on however often its state is lost with one device: each neighbour tells of it', async () => {
  const { text, clock } = writing(Array(9).fill('state'));
  expect(await all(text, clock)).toEqual([7, 7]);
});

test('a text that no device can run is given up', async () => {
  const { text, clock } = writing(Array(9).fill('run'));
  await expect(all(text, clock)).rejects.toThrow('failed at run');
});

test('a text whose state is lost for ever is given up after a while', async () => {
  const { text, clock } = writing(Array(10_000).fill('state'));
  await expect(all(text, clock)).rejects.toThrow('failed at state');
});

test('a text ends with the reason when the room has another model, and asks that one nothing', async () => {
  const { asker, clock, writer } = scene(['run']);
  const ask = vi.spyOn(asker, 'ask');
  let model = 1;
  const text = new Conversation({ ...writer, isStill: () => model === 1 }).write([1, 2, 3], {
    sampling: GREEDY,
    maxNewTokens: 2,
    stopTokens: new Set(),
  });
  ask.mockImplementationOnce(async () => {
    model = 2;
    throw new RequestFailedError(MODEL_CHANGED, { step: 'wait for the answer' });
  });
  await expect(all(text, clock)).rejects.toThrow(MODEL_CHANGED);
  expect(ask).toHaveBeenCalledTimes(1);
});
