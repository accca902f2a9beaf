import * as ort from 'onnxruntime-web/wasm';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../worker/room-under-test.ts';
import { type DoorUnderTest, doorUnderTest, KEY } from './door-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const BARD = new URL('../../public/models/bard/model.onnx', import.meta.url).pathname;
const ASKED = { model: 'bard', prompt: 'ROMEO:', max_tokens: 60, temperature: 0 } as const;

let door: DoorUnderTest;
beforeAll(async () => {
  door = await doorUnderTest(ort, { model: BARD, devices: 3 });
}, 60_000);
afterAll(() => door.close());

test('a text under way outlasts the leader: its caller gets the text that there would have been', async () => {
  const openai = new OpenAI({ baseURL: `${door.url}/v1`, apiKey: KEY, maxRetries: 0 });
  const whole = (await openai.completions.create(ASKED)).choices[0]?.text;
  const [leader, ...others] = door.pages;
  await until('everybody could lead', () => {
    const key = leader?.member.card.heir;
    return key !== undefined && others.every(({ member }) => member.card.heir === key);
  });

  let text = '';
  let pieces = 0;
  for await (const { choices } of await openai.completions.create({ ...ASKED, stream: true })) {
    text += choices[0]?.text ?? '';
    if (++pieces === 10) leader?.member.close('closed the page');
  }
  expect(pieces).toBeGreaterThan(20);
  expect(text).toBe(whole);
  expect(others.filter(({ leader: leads }) => leads)).toHaveLength(1);
});
