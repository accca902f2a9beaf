import { expect, test } from 'vitest';
import { parseJsonFile, parseLanguageConfig, parseTokeniserConfig } from './parse-language.ts';

const config = (value: unknown) => parseLanguageConfig('config.json', JSON.stringify(value));
const tokeniser = (value: unknown) => parseTokeniserConfig('tokenizer_config.json', JSON.stringify(value));

test('finds context and ends under the names that families of models use', () => {
  expect(config({ max_position_embeddings: 2048, eos_token_id: 2 })).toEqual({
    contextTokens: 2048,
    stopTokens: [2],
    sampling: {},
  });
  expect(config({ n_positions: 1024, eos_token_id: [128001, 128009], more: { of: 'it' } })).toEqual({
    contextTokens: 1024,
    stopTokens: [128001, 128009],
    sampling: {},
  });
  expect(config({ eos_token_id: null })).toEqual({ contextTokens: null, stopTokens: [], sampling: {} });
  expect(config({ max_position_embeddings: 1e30 }).contextTokens).toBe(1 << 24);
});

test('finds how words are to be chosen, where the file means it', () => {
  const said = { temperature: 0.6, top_k: 50, top_p: 0.9, repetition_penalty: 1.1 };
  const sampling = { temperature: 0.6, topK: 50, topP: 0.9, repetitionPenalty: 1.1 };
  expect(config({ ...said, do_sample: true }).sampling).toEqual(sampling);
  expect(config(said).sampling).toEqual({ repetitionPenalty: 1.1 });
  expect(config({ do_sample: true, top_k: -1, top_p: 7, temperature: 'hot' }).sampling).toEqual({});
});

test('finds special tokens and the template, however they are written', () => {
  expect(tokeniser({ bos_token: '<s>', eos_token: { content: '</s>', lstrip: false } })).toEqual({
    bosToken: '<s>',
    eosToken: '</s>',
    chatTemplate: null,
  });
  const several = [
    { name: 'tool_use', template: 'a' },
    { name: 'default', template: 'b' },
  ];
  expect(tokeniser({ chat_template: several }).chatTemplate).toBe('b');
  expect(tokeniser({ chat_template: 'c' }).chatTemplate).toBe('c');
});

test.each([
  ['no JSON', '{"eos'],
  ['a list', '[]'],
  ['an id that is none', '{"eos_token_id": -1}'],
  ['a size that is none', '{"n_ctx": "many"}'],
])('refuses %s, and says which file', (_, json) => {
  expect(() => parseLanguageConfig('config.json', json)).toThrow(
    expect.objectContaining({
      name: 'ModelFormatError',
      message: expect.stringContaining('config.json'),
      data: expect.objectContaining({ step: 'read config.json' }),
    }),
  );
});

test('hands JSON on for a library', () => {
  expect(parseJsonFile('tokenizer.json', '{"model":{"type":"BPE"}}')).toEqual({ model: { type: 'BPE' } });
  expect(() => parseJsonFile('tokenizer.json', '7')).toThrow(/tokenizer\.json/);
});
