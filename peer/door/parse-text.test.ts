import { describe, expect, test } from 'vitest';
import { parseChat, parseCompletion } from './parse-text.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const text = (more: object = {}) => parseCompletion(bytes({ model: 'm', prompt: 'a', ...more }));
const chat = (more: object = {}) =>
  parseChat(bytes({ model: 'm', messages: [{ role: 'user', content: 'a' }], ...more }));

describe('what clients of the API ask for', () => {
  test('what is left out is the model’s own, or as in the API', () => {
    const common = { model: 'm', stops: [], sampling: {}, seed: null, stream: false, includeUsage: false };
    expect(text()).toEqual({ ...common, prompt: { kind: 'text', text: 'a' }, maxNewTokens: 16 });
    const turns = [{ role: 'user', content: 'a' }];
    expect(chat()).toEqual({ ...common, prompt: { kind: 'turns', turns }, maxNewTokens: null });
    const nothing = {
      temperature: null,
      stop: null,
      seed: null,
      stream: null,
      stream_options: null,
      n: null,
    };
    expect(text({ ...nothing, max_tokens: null })).toEqual(text());
  });

  test('what is asked for is taken', () => {
    const asked = {
      temperature: 0.5,
      top_p: 0.9,
      top_k: 3,
      repetition_penalty: 1.1,
      seed: -1,
      stop: 'x',
      stream: true,
      stream_options: { include_usage: true },
    };
    expect(text(asked)).toMatchObject({
      sampling: { temperature: 0.5, topP: 0.9, topK: 3, repetitionPenalty: 1.1 },
      seed: 2 ** 32 - 1,
      stops: ['x'],
      stream: true,
      includeUsage: true,
    });
    expect(text({ stop: ['x', 'y'] }).stops).toEqual(['x', 'y']);
    expect(chat({ max_tokens: 3, max_completion_tokens: 4 }).maxNewTokens).toBe(4);
  });

  test('a prompt is a text or tokens, alone or as the only one of a list', () => {
    expect(text({ prompt: ['a'] }).prompt).toEqual({ kind: 'text', text: 'a' });
    expect(text({ prompt: [1, 2] }).prompt).toEqual({ kind: 'tokens', tokens: [1, 2] });
    expect(text({ prompt: [[1, 2]] }).prompt).toEqual({ kind: 'tokens', tokens: [1, 2] });
  });

  test('turns are of one text each, whatever parts they have', () => {
    const messages = [
      { role: 'developer', content: 'Be short.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        name: 'x',
      },
    ];
    expect(chat({ messages }).prompt).toEqual({
      kind: 'turns',
      turns: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'ab' },
      ],
    });
  });

  test('what asks for nothing is no reason to refuse', () => {
    const empty = {
      n: 1,
      best_of: 1,
      logprobs: false,
      presence_penalty: 0,
      tools: [],
      logit_bias: {},
      suffix: '',
    };
    expect(text({ ...empty, response_format: { type: 'text' }, tool_choice: 'auto', user: 'u' })).toEqual(
      text(),
    );
  });
});

describe('what is refused, with its field', () => {
  test.each([
    ['n', 2],
    ['best_of', 2],
    ['logprobs', 0],
    ['logprobs', true],
    ['top_logprobs', 5],
    ['echo', true],
    ['suffix', 'z'],
    ['presence_penalty', 0.1],
    ['frequency_penalty', -1],
    ['logit_bias', { 5: 1 }],
    ['tools', [{}]],
    ['functions', [{}]],
    ['tool_choice', 'required'],
    ['response_format', { type: 'json_object' }],
    ['audio', { voice: 'a' }],
  ])('%s: %j is not supported', (param, value) => {
    const refusal = expect.objectContaining({ status: 400, code: 'unsupported_parameter', param });
    expect(() => text({ [param]: value })).toThrow(refusal);
    expect(() => chat({ [param]: value })).toThrow(refusal);
  });

  test.each([
    ['temperature', 'warm'],
    ['temperature', -0.1],
    ['top_p', 1.1],
    ['top_k', 1.5],
    ['seed', 1e300],
    ['max_tokens', 0],
    ['max_tokens', 1.5],
    ['stop', 3],
    ['stop', ['']],
    ['stream', 'yes'],
    ['model', undefined],
    ['prompt', undefined],
    ['prompt', [1, 'a']],
    ['prompt', [-1]],
  ])('%s: %j is not valid', (param, value) => {
    expect(() => text({ [param]: value })).toThrow(
      expect.objectContaining({ status: 400, code: 'invalid_value', param: expect.stringContaining(param) }),
    );
  });

  test.each([
    [[]],
    ['a'],
    [[{ role: 'tool', content: 'a' }]],
    [[{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }]],
    [[{ role: 'user' }]],
  ])('messages: %j', (messages) => {
    expect(() => chat({ messages })).toThrow(
      expect.objectContaining({ status: 400, param: expect.stringMatching(/^messages/) }),
    );
  });

  test('what was sent is not in the message', () => {
    const secret = 'my-secret';
    expect.assertions(2);
    try {
      text({ temperature: secret });
    } catch (error) {
      expect((error as Error).message).toContain('"temperature"');
      expect((error as Error).message).not.toContain(secret);
    }
  });

  test.each([['{'], [''], ['[1'], ['\xff']])('no JSON: %j', (body) => {
    expect(() => parseChat(Buffer.from(body, 'latin1'))).toThrow(
      expect.objectContaining({ status: 400, code: 'invalid_json' }),
    );
  });
});
