import * as v from 'valibot';
import type { Turn } from '../../app/session/language/tokeniser.ts';
import { badRequest } from './door-error.ts';
import { maybe, parseJson } from './parse-json.ts';
import type { Prompt, TextWish } from './text-wish.ts';

const number = (least: number, most: number) => v.pipe(v.number(), v.minValue(least), v.maxValue(most));
const whole = (least: number, most: number) => v.pipe(number(least, most), v.integer());
const count = whole(1, 2 ** 31);
const token = whole(0, 2 ** 31 - 1);
const text = v.string();
const stop = v.pipe(text, v.minLength(1), v.maxLength(256));

/** What both ways of asking share, as OpenAI's API names it; top_k and repetition_penalty are ours, as others have them. */
const common = {
  model: v.pipe(text, v.maxLength(1024)),
  stream: maybe(v.boolean()),
  stream_options: maybe(v.object({ include_usage: maybe(v.boolean()) })),
  max_tokens: maybe(count),
  temperature: maybe(number(0, 100)),
  top_p: maybe(number(0, 1)),
  top_k: maybe(whole(0, 2 ** 31)),
  repetition_penalty: maybe(number(0.01, 100)),
  seed: maybe(v.pipe(v.number(), v.safeInteger())),
  stop: maybe(v.union([stop, v.pipe(v.array(stop), v.maxLength(16))])),
};

/** What one answer of tokens cannot do, with the value that asks for nothing, and why. */
const REFUSED = {
  n: { fine: 1, why: 'one answer to a request is given: ask again for another' },
  best_of: { fine: 1, why: 'one answer to a request is given' },
  presence_penalty: { fine: 0, why: 'there is repetition_penalty instead' },
  frequency_penalty: { fine: 0, why: 'there is repetition_penalty instead' },
  logprobs: { fine: false, why: 'tokens and not scores leave the device that has the last layers' },
  top_logprobs: { fine: 0, why: 'tokens and not scores leave the device that has the last layers' },
  echo: { fine: false, why: 'the prompt is not repeated' },
  suffix: { fine: '', why: 'texts are written at their end' },
  tool_choice: { fine: 'none', why: 'tools are not called' },
  tools: { fine: undefined, why: 'tools are not called' },
  functions: { fine: undefined, why: 'functions are not called' },
  logit_bias: { fine: undefined, why: 'scores are not changed' },
  response_format: { fine: undefined, why: 'the form of an answer is not enforced' },
  audio: { fine: undefined, why: 'answers are texts' },
} as const;
const anything = maybe(v.unknown());
const refused = Object.fromEntries(Object.keys(REFUSED).map((name) => [name, anything]));

const part = v.object({ type: v.literal('text', 'must be "text": this model reads texts'), text });
const content = v.union([text, v.pipe(v.array(part), v.maxLength(1024))]);
const role = v.picklist(['system', 'developer', 'user', 'assistant']);
const messages = v.pipe(v.array(v.object({ role, content })), v.minLength(1), v.maxLength(4096));

const chat = v.object({ ...common, ...refused, messages, max_completion_tokens: maybe(count) });
const completion = v.object({
  ...common,
  ...refused,
  prompt: v.union([text, v.array(text), v.array(token), v.array(v.array(token))]),
});

/** OpenAI's API writes so much where a completion does not say. */
const USUAL_TOKENS = 16;

/** The body of /v1/chat/completions. @throws DoorError 400 */
export function parseChat(body: Uint8Array): TextWish {
  const read = parseJson(body, chat);
  const turns = read.messages.map(({ role, content }): Turn => {
    const joined = typeof content === 'string' ? content : content.map((each) => each.text).join('');
    return { role: role === 'developer' ? 'system' : role, content: joined };
  });
  const maxNewTokens = read.max_completion_tokens ?? read.max_tokens ?? null;
  return { ...wishOf(read), prompt: { kind: 'turns', turns }, maxNewTokens };
}

/** The body of /v1/completions. @throws DoorError 400 */
export function parseCompletion(body: Uint8Array): TextWish {
  const read = parseJson(body, completion);
  return { ...wishOf(read), prompt: promptOf(read.prompt), maxNewTokens: read.max_tokens ?? USUAL_TOKENS };
}

function promptOf(prompt: v.InferOutput<typeof completion>['prompt']): Prompt {
  if (typeof prompt === 'string') return { kind: 'text', text: prompt };
  if (prompt.every((each) => typeof each === 'number')) return { kind: 'tokens', tokens: prompt };
  const [only, ...more] = prompt;
  if (more.length > 0)
    throw badRequest('One prompt to a request is taken: send the others beside it.', 'prompt');
  return typeof only === 'string' ? { kind: 'text', text: only } : { kind: 'tokens', tokens: only ?? [] };
}

type Common = v.InferOutput<v.ObjectSchema<typeof common, undefined>>;

function wishOf(read: Common): Omit<TextWish, 'prompt' | 'maxNewTokens'> {
  refuseUnsupported(read);
  const { temperature, top_p, top_k, repetition_penalty, seed, stop } = read;
  return {
    model: read.model,
    stops: typeof stop === 'string' ? [stop] : (stop ?? []),
    sampling: {
      ...(typeof temperature === 'number' && { temperature }),
      ...(typeof top_p === 'number' && { topP: top_p }),
      ...(typeof top_k === 'number' && { topK: top_k }),
      ...(typeof repetition_penalty === 'number' && { repetitionPenalty: repetition_penalty }),
    },
    seed: typeof seed === 'number' ? seed >>> 0 : null,
    stream: read.stream ?? false,
    includeUsage: read.stream_options?.include_usage ?? false,
  };
}

/** Silently doing something else would be worse than saying no. */
function refuseUnsupported(read: Readonly<Record<string, unknown>>): void {
  for (const [name, { fine, why }] of Object.entries(REFUSED)) {
    const value = read[name];
    if (value === null || value === undefined || value === fine || isEmpty(value)) continue;
    if (name === 'response_format' && (value as { type?: unknown }).type === 'text') continue;
    if (name === 'tool_choice' && value === 'auto') continue;
    throw badRequest(`"${name}" is not supported: ${why}.`, name, 'unsupported_parameter');
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
