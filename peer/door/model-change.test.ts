import * as ort from 'onnxruntime-web/wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenModel } from '../../core/runtime/open-model.ts';
import { until } from '../../worker/room-under-test.ts';
import { modelFrom } from '../model-from.ts';
import { type DoorUnderTest, doorUnderTest } from './door-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const BARD = new URL('../../public/models/bard/model.onnx', import.meta.url).pathname;
const wish = { model: 'bard', prompt: 'KING:\n', max_tokens: 240, temperature: 0 };

let door: DoorUnderTest;
/** The same layers under another name: they would go on with any text of the first. */
let other: OpenModel;
beforeAll(async () => {
  const model = async (shelf: Parameters<typeof modelFrom>[1]): Promise<OpenModel> => {
    const opened = await modelFrom(BARD, shelf, () => undefined);
    other = { ...opened, card: { ...opened.card, name: 'other' } };
    return opened;
  };
  door = await doorUnderTest(ort, { model, devices: 2 });
}, 60_000);
afterAll(() => door.close());

test('no text goes on with another model than the one it was asked of', async () => {
  // As many as are written at once; one more waits for its turn.
  const streams = Array.from({ length: 8 }, () => door.call('/v1/completions', { ...wish, stream: true }));
  const asked = await Promise.all(streams);
  const waiting = door.call('/v1/completions', wish);
  await until('it waits', async () => {
    const metrics = await (await door.call('/metrics')).text();
    return /^potluck_texts_waiting 1$/m.test(metrics);
  });
  await door.pages[0]?.leader?.open(other);
  for (const response of asked) {
    const text = await response.text();
    expect(text).toMatch(/"code":"model_not_ready"\}\}\n\n$/);
    expect(text).not.toContain('[DONE]');
  }
  expect((await waiting).status).toBe(503);
  await until('the other runs', async () => {
    const { status } = await door.call('/v1/completions', { ...wish, model: 'other', max_tokens: 2 });
    return status === 200;
  });
  expect((await door.call('/v1/completions', wish)).status).toBe(404);
}, 60_000);
