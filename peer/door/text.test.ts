import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../worker/room-under-test.ts';
import { type DoorUnderTest, doorUnderTest, KEY } from './door-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const BARD = new URL('../../public/models/bard/model.onnx', import.meta.url).pathname;
const EXPECTED = new URL('../../models/bard/expected_greedy.json', import.meta.url);

interface Expected {
  readonly prompt: string;
  readonly prompt_ids: readonly number[];
  readonly ids: readonly number[];
}
const known: readonly Expected[] = JSON.parse(readFileSync(EXPECTED, 'utf8'));

let door: DoorUnderTest;
let openai: OpenAI;
beforeAll(async () => {
  door = await doorUnderTest(ort, { model: BARD, devices: 2 });
  openai = new OpenAI({ baseURL: `${door.url}/v1`, apiKey: KEY, maxRetries: 0 });
}, 60_000);
afterAll(() => door.close());

const first = (): Expected => {
  const [found] = known;
  if (!found) throw new Error('bard has an expected text');
  return found;
};
const GREEDY = { model: 'bard', temperature: 0 } as const;

/** The devices keep nothing of any text. */
const nothingKept = () =>
  until('nothing is kept', () =>
    door.pages.every(({ member }) => member.host.sequences === 0 && member.asker.open === 0),
  );

describe('the official client of OpenAI writes with a room of two devices', () => {
  test('it lists the model', async () => {
    const models = await openai.models.list();
    expect(models.data).toMatchObject([{ id: 'bard', object: 'model' }]);
    expect(await openai.models.retrieve('bard')).toMatchObject({ id: 'bard', context_length: 256 });
    await expect(openai.models.retrieve('gpt-4')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });

  test('four streams at once are each the text that the model writes alone', async () => {
    const prompts = ['First Citizen:\n', 'KING:\n', 'O Romeo, ', 'The night is'];
    const alone: string[] = [];
    for (const prompt of prompts) {
      const { choices } = await openai.completions.create({ ...GREEDY, prompt, max_tokens: 40 });
      alone.push(choices[0]?.text ?? '');
    }
    let [open, most] = [0, 0];
    const streamed = await Promise.all(
      prompts.map(async (prompt) => {
        const stream = await openai.completions.create({ ...GREEDY, prompt, max_tokens: 40, stream: true });
        most = Math.max(most, ++open);
        let text = '';
        let chunks = 0;
        for await (const { choices } of stream) {
          text += choices[0]?.text ?? '';
          chunks++;
        }
        open--;
        expect(chunks).toBeGreaterThan(10);
        return text;
      }),
    );
    expect(streamed).toEqual(alone);
    expect(most).toBe(4);
    await nothingKept();
  });

  test('the text is the one of its file, and tokens are counted', async () => {
    const { prompt_ids, ids } = first();
    const max_tokens = ids.length - prompt_ids.length;
    const answer = await openai.completions.create({ ...GREEDY, prompt: [...prompt_ids], max_tokens });
    expect(answer.usage).toEqual({
      prompt_tokens: prompt_ids.length,
      completion_tokens: max_tokens,
      total_tokens: ids.length,
    });
    const [choice] = answer.choices;
    expect(choice?.finish_reason).toBe('length');
    const again = await openai.completions.create({ ...GREEDY, prompt: first().prompt, max_tokens });
    expect(again.choices[0]?.text).toBe(choice?.text);
  });

  test('a chat streams, with the tokens counted where that is asked for', async () => {
    const stream = await openai.chat.completions.create({
      ...GREEDY,
      messages: [
        { role: 'system', content: 'A play.' },
        { role: 'user', content: [{ type: 'text', text: 'ROMEO:' }] },
      ],
      max_completion_tokens: 12,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role).length).toBe(1);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    // Bard only writes on: it is given the turns as a text.
    const same = await openai.completions.create({ ...GREEDY, prompt: 'A play.\nROMEO:', max_tokens: 12 });
    expect(text).toBe(same.choices[0]?.text);
    const whole = await openai.chat.completions.create({
      ...GREEDY,
      messages: [{ role: 'user', content: 'A play.\nROMEO:' }],
      max_tokens: 12,
    });
    expect(whole.choices[0]?.message).toMatchObject({ role: 'assistant', content: text });
  });

  test('a stop string ends the text and is no part of it', async () => {
    const { choices } = await openai.completions.create({ ...GREEDY, prompt: 'KING:\n', max_tokens: 40 });
    const text = choices[0]?.text ?? '';
    const stop = text.slice(10, 14);
    const cut = await openai.completions.create({
      ...GREEDY,
      prompt: 'KING:\n',
      max_tokens: 40,
      stop: [stop],
    });
    expect(cut.choices[0]).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish_reason: 'stop' });
  });

  test('the same seed gives the same text, another one another', async () => {
    const write = async (seed: number): Promise<string | undefined> => {
      const drawn = { model: 'bard', prompt: 'KING:\n', max_tokens: 30, temperature: 1.2, seed };
      return (await openai.completions.create(drawn)).choices[0]?.text;
    };
    const [a, b, c] = [await write(1), await write(1), await write(2)];
    expect(a).toBe(b);
    expect(c).not.toBe(a);
  });

  test('streams whose callers go are stopped, and nothing is kept of them: no past, no turn, no place', async () => {
    // More than may have their turn at once.
    for (let caller = 0; caller < 10; caller++) {
      const control = new AbortController();
      const stream = await openai.completions.create(
        { ...GREEDY, prompt: 'KING:\n', max_tokens: 240, stream: true },
        { signal: control.signal },
      );
      let pieces = 0;
      for await (const _ of stream) if (++pieces === 3) control.abort();
    }
    await nothingKept();
    const metrics = await (await door.call('/metrics')).text();
    expect(metrics).toMatch(/^potluck_requests_under_way 0$/m);
    expect(metrics).toMatch(/^potluck_texts_kept 0$/m);
    expect(metrics).toMatch(/^potluck_texts_waiting 0$/m);
    const { choices } = await openai.completions.create({ ...GREEDY, prompt: 'KING:\n', max_tokens: 4 });
    expect(choices).toHaveLength(1);
  });

  test('an answer that its caller does not wait for is not written to its end', async () => {
    const control = new AbortController();
    const before = await tokens();
    const asked = door.call(
      '/v1/completions',
      { ...GREEDY, prompt: 'KING:\n', max_tokens: 240 },
      {
        method: 'POST',
        signal: control.signal,
      },
    );
    await until('it is written', async () => (await tokens()) > before + 2);
    control.abort();
    await expect(asked).rejects.toThrow();
    await nothingKept();
    expect((await tokens()) - before).toBeLessThan(240);
  });

  test('what is wrong with a request has its status, its code and its field', async () => {
    const ask = (more: object): Promise<unknown> =>
      openai.completions.create({ ...GREEDY, prompt: 'a', ...more }).catch((error: APIError) => error);
    const wrong: readonly (readonly [object, number, string, string | null])[] = [
      [{ model: 'gpt-4' }, 404, 'model_not_found', 'model'],
      [{ prompt: 'word '.repeat(300) }, 400, 'context_length_exceeded', 'prompt'],
      [{ prompt: 'word '.repeat(2000) }, 400, 'context_length_exceeded', 'prompt'],
      [{ prompt: 'a'.repeat(1e6) }, 400, 'context_length_exceeded', 'prompt'],
      [{ prompt: [1e6] }, 400, 'invalid_value', 'prompt'],
      [{ prompt: '' }, 400, 'invalid_value', 'prompt'],
      [{ prompt: ['a', 'b'] }, 400, 'invalid_value', 'prompt'],
      [{ n: 2 }, 400, 'unsupported_parameter', 'n'],
      [{ logprobs: 3 }, 400, 'unsupported_parameter', 'logprobs'],
      [{ logit_bias: { 1: 5 } }, 400, 'unsupported_parameter', 'logit_bias'],
      [{ temperature: -1 }, 400, 'invalid_value', 'temperature'],
      [{ max_tokens: 0 }, 400, 'invalid_value', 'max_tokens'],
      [{ stop: [''] }, 400, 'invalid_value', 'stop'],
    ];
    for (const [more, status, code, param] of wrong) {
      const error = await ask(more);
      expect(error).toBeInstanceOf(APIError);
      expect(error, JSON.stringify(more).slice(0, 80)).toMatchObject({ status, code, param });
    }
    const stranger = new OpenAI({ baseURL: `${door.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await expect(stranger.completions.create({ ...GREEDY, prompt: 'a' })).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    });
    await expect(openai.embeddings.create({ model: 'bard', input: 'a' })).rejects.toMatchObject({
      status: 400,
    });
    await nothingKept();
    expect(door.reports).toEqual([]);
  });
});

async function tokens(): Promise<number> {
  const text = await (await door.call('/metrics')).text();
  return Number(/^potluck_completion_tokens_total (\d+)$/m.exec(text)?.[1] ?? 0);
}
