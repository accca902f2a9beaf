import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { floats, intAttribute, longs, model, node, value } from '../../core/graph/model-builder.ts';
import { seededRandom } from '../../core/graph/seeded-random.ts';
import { fileSource } from '../../core/opening/file-source.ts';
import { openModel } from '../../core/opening/open-model.ts';
import type { Shelf } from '../../core/weights/shelf.ts';
import { type DoorUnderTest, doorUnderTest, KEY } from './door-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const WORDS = 1024;
const WIDTH = 6;
const random = seededRandom(7);
const TABLE = Array.from({ length: WORDS * WIDTH }, () => random() - 0.5);
const row = (token: number): number[] => TABLE.slice(token * WIDTH, (token + 1) * WIDTH);
const FLOAT = 1;

/** A table of vectors, of which the mask lets through those that count: the least that is an encoder. */
const encoder = (): Uint8Array<ArrayBuffer> =>
  model({
    nodes: [
      node('Gather', ['table', 'input_ids'], ['words']),
      node('Cast', ['attention_mask'], ['counts'], [intAttribute('to', FLOAT)]),
      node('Unsqueeze', ['counts', 'axis'], ['column']),
      node('Mul', ['words', 'column'], ['last_hidden_state']),
    ],
    inputs: [
      value('input_ids', 'int64', ['batch', 'sequence']),
      value('attention_mask', 'int64', ['batch', 'sequence']),
    ],
    outputs: [value('last_hidden_state', 'float32', ['batch', 'sequence', WIDTH])],
    weights: [floats('table', [WORDS, WIDTH], TABLE), longs('axis', [2])],
  });

/** With bard's tokeniser beside it. */
function opened(shelf: Shelf) {
  const beside = (name: string): File => {
    const path = new URL(`../../public/models/bard/${name}`, import.meta.url);
    return new File([readFileSync(path)], name);
  };
  const config = new File(['{"max_position_embeddings": 16}'], 'config.json');
  const files = [
    new File([encoder()], 'words.onnx'),
    beside('tokenizer.json'),
    beside('tokenizer_config.json'),
    config,
  ];
  return openModel(fileSource(files), { name: 'words', about: '', source: 'file' }, shelf);
}

function expected(tokens: readonly number[]): number[] {
  const mean = Array.from({ length: WIDTH }, (_, at) =>
    tokens.reduce((sum, token) => sum + (row(token)[at] ?? 0), 0),
  );
  const length = Math.hypot(...mean);
  return mean.map((value) => value / length);
}
const near = (found: readonly number[], right: readonly number[]): void => {
  expect(found).toHaveLength(right.length);
  for (const [at, value] of found.entries()) expect(value).toBeCloseTo(right[at] ?? Number.NaN, 5);
};

describe('an encoder in a room of two devices', () => {
  let door: DoorUnderTest;
  let openai: OpenAI;
  beforeAll(async () => {
    door = await doorUnderTest(ort, { model: opened, devices: 2 });
    openai = new OpenAI({ baseURL: `${door.url}/v1`, apiKey: KEY, maxRetries: 0 });
  }, 60_000);
  afterAll(() => door.close());

  test('gives the mean over the tokens, of length 1, to the official client', async () => {
    // Known from models/bard/expected_greedy.json.
    const tokens = [813, 58];
    const { data, usage } = await openai.embeddings.create({
      model: 'words',
      input: ['ROMEO:', 'ROMEO: ROMEO:'],
    });
    near(data[0]?.embedding ?? [], expected(tokens));
    expect(data.map(({ index }) => index)).toEqual([0, 1]);
    expect(data[1]?.embedding).not.toEqual(data[0]?.embedding);
    expect(usage.prompt_tokens).toBe(usage.total_tokens);
    for (const input of [tokens, [tokens]]) {
      const plain = await openai.embeddings.create({ model: 'words', input, encoding_format: 'float' });
      near(plain.data[0]?.embedding ?? [], expected(tokens));
      expect(plain.usage.prompt_tokens).toBe(2);
    }
  });

  test('takes a long list, as clients send it by themselves, and answers in its order', async () => {
    const input = Array.from({ length: 600 }, (_, at) => [at]);
    const { data } = await openai.embeddings.create({ model: 'words', input });
    expect(data.map(({ index }) => index)).toEqual(input.map(([at]) => at));
    for (const at of [0, 299, 599]) near(data[at]?.embedding ?? [], expected([at]));
  }, 30_000);

  test.each([
    [{ input: '' }, 400, 'invalid_value'],
    [{ input: [] }, 400, 'invalid_value'],
    [{ input: Array(2049).fill('a') }, 400, 'invalid_value'],
    [{ input: 'word '.repeat(20) }, 400, 'context_length_exceeded'],
    [{ input: 'a', dimensions: 3 }, 400, 'unsupported_parameter'],
    [{ input: [5000] }, 400, 'run_failed'],
    [{ model: 'other', input: 'a' }, 404, 'model_not_found'],
  ])('%j: %d %s', async (more, status, code) => {
    const asked = openai.embeddings.create({ model: 'words', ...more });
    await expect(asked).rejects.toMatchObject({ status, code });
  });

  test('does not write', async () => {
    const asked = openai.completions.create({ model: 'words', prompt: 'a' });
    await expect(asked).rejects.toMatchObject({ status: 400, code: 'model_does_not_write' });
  });
});

test('a model that gives none says so', async () => {
  const digits = new URL('../../public/models/digits.onnx', import.meta.url).pathname;
  const door = await doorUnderTest(ort, { model: digits });
  try {
    const response = await door.call('/v1/embeddings', { model: 'digits', input: 'a' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'model_does_not_embed', param: 'model' } });
  } finally {
    await door.close();
  }
}, 60_000);
