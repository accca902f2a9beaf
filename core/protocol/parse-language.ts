import * as v from 'valibot';
import { ModelFormatError } from '../errors.ts';
import type { SamplingOptions } from '../language/sampling.ts';

/** What is used of a model's `config.json` and `generation_config.json`. */
export interface LanguageConfig {
  /** Tokens that it was trained to hold; null where the file does not say. */
  readonly contextTokens: number | null;
  /** Each of them ends a text. */
  readonly stopTokens: readonly number[];
  /** How its makers want words to be chosen, as far as the file says. */
  readonly sampling: Partial<Omit<SamplingOptions, 'seed'>>;
}

/** What is used of `tokenizer_config.json`. */
export interface TokeniserConfig {
  /** As the file spells them; null for none. */
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  /** Jinja; null where the model was not made for talk. */
  readonly chatTemplate: string | null;
}

/** The largest tokenisers in use take 35 MB, their settings a few KB. */
const MAX_TEXT = 64 * 1024 ** 2;
const MAX_TEMPLATE = 256 * 1024;
/** More than any model holds; some files write 1e30 for "no limit". */
const MAX_CONTEXT = 1 << 24;

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const size = v.pipe(
  v.number(),
  v.minValue(1),
  v.transform((n) => Math.min(n, MAX_CONTEXT)),
);
const ids = v.union([id, v.pipe(v.array(id), v.maxLength(64))]);
const config = v.object({
  max_position_embeddings: v.nullish(size),
  n_positions: v.nullish(size),
  n_ctx: v.nullish(size),
  max_seq_len: v.nullish(size),
  eos_token_id: v.nullish(ids),
  // Mere hints: one that makes no sense is no reason to refuse a model.
  do_sample: v.fallback(v.nullish(v.boolean()), null),
  temperature: v.fallback(v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(100))), null),
  top_k: v.fallback(v.nullish(id), null),
  top_p: v.fallback(v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(1))), null),
  repetition_penalty: v.fallback(v.nullish(v.pipe(v.number(), v.minValue(0.01), v.maxValue(100))), null),
});

const text = v.pipe(v.string(), v.maxLength(1024));
const special = v.nullish(v.union([text, v.object({ content: text })]));
const template = v.pipe(v.string(), v.maxLength(MAX_TEMPLATE));
const tokeniserConfig = v.object({
  bos_token: special,
  eos_token: special,
  chat_template: v.nullish(
    v.union([template, v.pipe(v.array(v.object({ name: text, template })), v.maxLength(64))]),
  ),
});

/** @throws ModelFormatError */
export function parseLanguageConfig(file: string, json: string): LanguageConfig {
  const read = checked(file, json, config);
  const { max_position_embeddings, n_positions, n_ctx, max_seq_len, eos_token_id } = read;
  const contextTokens = max_position_embeddings ?? n_positions ?? n_ctx ?? max_seq_len ?? null;
  const stops = eos_token_id ?? [];
  const stopTokens = typeof stops === 'number' ? [stops] : stops;
  return { contextTokens, stopTokens, sampling: samplingOf(read) };
}

/** Files say `do_sample` where words are to be drawn; without it the numbers beside it are leftovers. */
function samplingOf(read: v.InferOutput<typeof config>): LanguageConfig['sampling'] {
  const { do_sample, temperature, top_k, top_p, repetition_penalty } = read;
  const penalty = typeof repetition_penalty === 'number' ? { repetitionPenalty: repetition_penalty } : {};
  if (!do_sample) return penalty;
  return {
    ...penalty,
    ...(typeof temperature === 'number' && { temperature }),
    ...(typeof top_k === 'number' && { topK: top_k }),
    ...(typeof top_p === 'number' && { topP: top_p }),
  };
}

/** @throws ModelFormatError */
export function parseTokeniserConfig(file: string, json: string): TokeniserConfig {
  const { bos_token, eos_token, chat_template } = checked(file, json, tokeniserConfig);
  const spelled = (token: typeof bos_token): string | null =>
    token === null || token === undefined ? null : typeof token === 'string' ? token : token.content;
  // Several: for tools, for search; the plain one is called so.
  const chosen = Array.isArray(chat_template)
    ? chat_template.find(({ name }) => name === 'default')?.template
    : chat_template;
  return { bosToken: spelled(bos_token), eosToken: spelled(eos_token), chatTemplate: chosen ?? null };
}

/** Any JSON of such a file, for the library that knows its form. @throws ModelFormatError */
export function parseJsonFile(file: string, json: string): object {
  return checked(file, json, v.looseObject({}));
}

function checked<T>(file: string, json: string, schema: v.GenericSchema<unknown, T>): T {
  if (json.length > MAX_TEXT) throw refused(file, `at most ${MAX_TEXT} characters`, `${json.length}`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw refused(file, 'JSON', `"${json.slice(0, 40)}"`);
  }
  if (Array.isArray(value)) throw refused(file, 'an object', 'a list');
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  throw refused(file, `${place ? `${place}: ` : ''}${issue.expected ?? issue.message}`, issue.received);
}

function refused(file: string, expected: string, actual: string): ModelFormatError {
  return new ModelFormatError(`"${file}" beside the model is not what it should be.`, {
    step: `read ${file}`,
    expected: expected.slice(0, 200),
    actual: actual.slice(0, 200),
  });
}
