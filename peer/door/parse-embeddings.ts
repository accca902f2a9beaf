import * as v from 'valibot';
import { badRequest } from './door-error.ts';
import { maybe, parseJson } from './parse-json.ts';

/** As many as OpenAI takes: clients send lists of a thousand without being asked to. */
const MOST_TEXTS = 2048;

export interface EmbeddingsWish {
  readonly model: string;
  /** Texts, or their tokens. */
  readonly inputs: readonly (string | readonly number[])[];
  /** Numbers in JSON, or little-endian float32 as base64, which clients of OpenAI's API ask for by themselves. */
  readonly encoding: 'float' | 'base64';
}

const text = v.string();
const token = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1));
const body = v.object({
  model: v.pipe(text, v.maxLength(1024)),
  input: v.union([text, v.array(text), v.array(token), v.array(v.array(token))]),
  encoding_format: maybe(v.picklist(['float', 'base64'])),
  dimensions: maybe(v.unknown()),
});

/** The body of /v1/embeddings. @throws DoorError 400 */
export function parseEmbeddings(bytes: Uint8Array): EmbeddingsWish {
  const { model, input, encoding_format, dimensions } = parseJson(bytes, body);
  if (dimensions !== null && dimensions !== undefined) {
    const message = '"dimensions" is not supported: vectors are as wide as the model makes them.';
    throw badRequest(message, 'dimensions', 'unsupported_parameter');
  }
  const inputs = inputsOf(input);
  if (inputs.length === 0 || inputs.length > MOST_TEXTS) {
    throw badRequest(`1 to ${MOST_TEXTS} texts to a request are taken.`, 'input');
  }
  return { model, inputs, encoding: encoding_format ?? 'float' };
}

function inputsOf(input: v.InferOutput<typeof body>['input']): EmbeddingsWish['inputs'] {
  if (typeof input === 'string') return [input];
  const isTokens = input.length > 0 && input.every((each) => typeof each === 'number');
  return isTokens ? [input] : (input as readonly (string | readonly number[])[]);
}
