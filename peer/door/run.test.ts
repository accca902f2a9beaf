import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSelfTest, selfTestInput } from '../../core/runtime/self-test.ts';
import { asFloat32, type Tensor } from '../../core/tensor/tensor.ts';
import { type DoorUnderTest, doorUnderTest, KEY } from './door-under-test.ts';
import { readNpy, writeNpy } from './tensors/npy.ts';
import { toNumbers } from './tensors/number-bytes.ts';
import { readSafeTensors, writeSafeTensors } from './tensors/safetensors.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const models = (name: string): string => new URL(`../../public/models/${name}`, import.meta.url).pathname;

const known = parseSelfTest(
  new Uint8Array(),
  JSON.parse(readFileSync(models('digits.selftest.json'), 'utf8')),
);
const WIDTH = 10;

let door: DoorUnderTest;
/** The names that the model gives. */
let [input, output] = ['', ''];
beforeAll(async () => {
  door = await doorUnderTest(ort, { model: models('digits.onnx'), devices: 2 });
  const { data } = (await (await door.call('/v1/models')).json()) as {
    data: { inputs: Named[]; outputs: Named[] }[];
  };
  input = data[0]?.inputs[0]?.name ?? '';
  output = data[0]?.outputs[0]?.name ?? '';
}, 60_000);
afterAll(() => door.close());

interface Named {
  readonly name: string;
}
interface Plain {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: readonly number[];
}
interface Answer {
  readonly outputs: Readonly<Record<string, Plain>>;
  readonly latency_ms: number;
}

/** Pictures of the self-test, and what the model says of them. */
const batch = (count: number): Tensor => selfTestInput(known, count);
const logits = (from: number, count: number): number[] => known.logits.slice(from, from + count).flat();
/** One picture of a batch. */
function picture(index: number): Tensor {
  const { dims, data } = batch(index + 1);
  const bytes = data.byteLength / (index + 1);
  return { dtype: 'float32', dims: [1, ...dims.slice(1)], data: data.slice(index * bytes) };
}
const plain = (tensor: Tensor) => ({ dims: tensor.dims, data: toNumbers(tensor) });

function near(values: Iterable<number>, expected: readonly number[]): void {
  const found = [...values];
  expect(found).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...found.map((value, at) => Math.abs(value - (expected[at] ?? Number.NaN))));
  expect(worst / scale).toBeLessThan(1e-3);
}

const post = (
  type: string,
  body: BodyInit,
  headers: Record<string, string> = {},
  query = '',
): Promise<Response> =>
  fetch(`${door.url}/v1/run${query}`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${KEY}`, 'content-type': type, ...headers },
  });

describe('a model of a room of two devices runs on tensors', () => {
  test('as JSON: one item, and several at once in their order', async () => {
    const one = await door.call('/v1/run', { model: 'digits', inputs: { [input]: plain(batch(3)) } });
    const answer = (await one.json()) as Answer & { model: string };
    expect(answer.model).toBe('digits');
    expect(answer.outputs[output]).toMatchObject({ dtype: 'float32', dims: [3, WIDTH] });
    near(answer.outputs[output]?.data ?? [], logits(0, 3));
    expect(answer.latency_ms).toBeGreaterThan(0);

    const list = [3, 1, 0, 2].map((index) => ({ inputs: { [input]: plain(picture(index)) } }));
    for (const body of [list, { items: list }]) {
      const many = (await (await door.call('/v1/run', body)).json()) as { items: Answer[] };
      near(
        many.items.flatMap(({ outputs }) => outputs[output]?.data ?? []),
        [3, 1, 0, 2].flatMap((at) => logits(at, 1)),
      );
    }
  });

  test('as safetensors: one item, and several at once', async () => {
    const one = await post('application/x-safetensors', writeSafeTensors(new Map([[input, batch(2)]])));
    expect(one.headers.get('content-type')).toBe('application/vnd.safetensors');
    const read = readSafeTensors(new Uint8Array(await one.arrayBuffer()));
    expect(read.metadata).toEqual({ model: 'digits' });
    near(asFloat32(read.tensors.get(output) as Tensor), logits(0, 2));

    const items = new Map([1, 0].map((index, at) => [`${at}/${input}`, picture(index)] as const));
    const body = writeSafeTensors(items, { items: '2' });
    const many = readSafeTensors(
      new Uint8Array(await (await post('application/vnd.safetensors', body)).arrayBuffer()),
    );
    expect(many.metadata.items).toBe('2');
    near(asFloat32(many.tensors.get(`0/${output}`) as Tensor), logits(1, 1));
    near(asFloat32(many.tensors.get(`1/${output}`) as Tensor), logits(0, 1));
  });

  test('as one array of NumPy, and in the form that is asked for', async () => {
    const array = writeNpy(batch(1));
    const npy = await post('application/x-npy', array);
    near(asFloat32(readNpy(new Uint8Array(await npy.arrayBuffer()))), logits(0, 1));
    const json = await post(
      'application/x-npy',
      array,
      { accept: 'text/html, application/json;q=0.9' },
      '?model=digits',
    );
    near(((await json.json()) as Answer).outputs[output]?.data ?? [], logits(0, 1));
    const wrong = await post('application/x-npy', array, { accept: 'image/png' });
    expect(wrong.status).toBe(406);
  });

  test.each([
    [404, 'model_not_found', { model: 'other', inputs: {} }],
    [400, 'invalid_value', { inputs: {} }],
    [400, 'invalid_value', { inputs: { stranger: { dims: [1], data: [1] } } }],
    [400, 'invalid_value', { inputs: { INPUT: { dims: [2], data: [1] } } }],
    [400, 'invalid_value', { inputs: { INPUT: { dims: [1], data: ['x'] } } }],
    [400, 'invalid_value', { inputs: { INPUT: { dims: [1], data: [1] } } }],
    [
      400,
      'invalid_value',
      { inputs: { INPUT: { dtype: 'int64', dims: [1, 1, 28, 28], data: new Array(784).fill(1) } } },
    ],
    [400, 'invalid_value', { inputs: { INPUT: { dtype: 'bf16', dims: [], data: [1] } } }],
    [400, 'invalid_value', { inputs: { INPUT: { dims: [1e9, 1e9], data: [] } } }],
    [400, 'invalid_value', { items: [] }],
    [400, 'invalid_value', { inputs: [] }],
    [400, 'invalid_value', 7],
  ])('%d %s for %j', async (status, code, body) => {
    const text = JSON.stringify(body).replace('INPUT', input);
    const response = await post('application/json', text);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code, type: 'invalid_request_error' } });
  });

  test('one wrong item of several is named, and none is run', async () => {
    const before = await metric('potluck_items_total');
    const right = { inputs: { [input]: plain(picture(0)) } };
    const response = await door.call('/v1/run', [right, { inputs: {} }]);
    expect(await response.json()).toMatchObject({ error: { param: 'items.1.inputs' } });
    expect(await metric('potluck_items_total')).toBe(before);
  });

  test('bytes that are no tensors, and other types, are refused', async () => {
    expect((await post('application/x-npy', 'no array')).status).toBe(400);
    expect((await post('application/vnd.safetensors', 'no')).status).toBe(400);
    expect((await post('application/json', '{')).status).toBe(400);
    expect((await post('text/plain', '{}')).status).toBe(415);
    const packed = await post('application/json', '{}', { 'content-encoding': 'gzip' });
    expect(packed.status).toBe(415);
    expect((await door.call('/v1/run')).status).toBe(405);
  });

  test('a text cannot be had of it, and the error says what can', async () => {
    const response = await door.call('/v1/completions', { model: 'digits', prompt: 'a' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'model_does_not_write' } });
  });

  test('a list goes on while others ask: 200 items in one request', async () => {
    const item = { inputs: { [input]: plain(picture(0)) } };
    const before = await metric('potluck_items_total');
    const response = await door.call('/v1/run', new Array(200).fill(item));
    expect(((await response.json()) as { items: unknown[] }).items).toHaveLength(200);
    expect(await metric('potluck_items_total')).toBe(before + 200);
    const over = await door.call('/v1/run', new Array(257).fill({ inputs: {} }));
    expect(over.status).toBe(400);
  });

  test('nothing was said of it in the log', () => expect(door.reports).toEqual([]));
});

test('a decoder begins from nothing where its past is left out', async () => {
  const bard = await doorUnderTest(ort, { model: models('bard/model.onnx') });
  try {
    const row = (values: readonly number[]) => ({ dims: [1, values.length], data: values });
    const { data } = (await (await bard.call('/v1/models')).json()) as {
      data: { inputs: (Named & { optional: boolean })[] }[];
    };
    const needed = (data[0]?.inputs ?? []).filter(({ optional }) => !optional).map(({ name }) => name);
    const values: Record<string, readonly number[]> = {
      input_ids: [813, 58],
      attention_mask: [1, 1],
      position_ids: [0, 1],
    };
    const inputs = Object.fromEntries(needed.map((name) => [name, row(values[name] ?? [])]));
    const answer = (await (await bard.call('/v1/run', { inputs })).json()) as Answer;
    const { dims = [], data: scores = [] } = answer.outputs.logits ?? {};
    expect(dims).toEqual([1, 2, 1024]);
    const last = scores.slice(1024);
    // As models/bard/expected_greedy.json goes on after "ROMEO:".
    expect(last.indexOf(Math.max(...last))).toBe(10);
  } finally {
    await bard.close();
  }
}, 60_000);

async function metric(name: string): Promise<number> {
  const text = await (await door.call('/metrics')).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
