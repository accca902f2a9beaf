import { type Exchange, only } from './exchange.ts';
import { jsonBody } from './json-body.ts';
import type { OpenEncoder } from './open-encoder.ts';
import { type EmbeddingsWish, parseEmbeddings } from './parse-embeddings.ts';
import { promptTokens } from './prompt-tokens.ts';
import type { DoorParts } from './routes.ts';
import { runAll } from './run-all.ts';
import { encoderFeeds, textVector } from './text-vector.ts';

const MOST_BYTES = 4 * 1024 * 1024;

/** Vectors of texts. @throws DoorError, OverloadedError, RequestFailedError */
export async function answerEmbeddings(exchange: Exchange, { model, metrics }: DoorParts): Promise<void> {
  only(exchange, 'POST');
  const wish = parseEmbeddings(await jsonBody(exchange, MOST_BYTES));
  exchange.forgetBody();
  const encoder = await model.reading(wish.model);
  const texts = await Promise.all(wish.inputs.map((input) => tokensIn(input, encoder)));
  const items = texts.map((tokens) => encoderFeeds(encoder.io, tokens));
  const { asker } = encoder.room.member;
  const results = await runAll(asker, items, { signal: exchange.signal, param: 'input' });
  const vectors = results.map(({ tensors }) => textVector(tensors[encoder.io.output]));
  const total = texts.reduce((sum, { length }) => sum + length, 0);
  metrics.items.inc(items.length);
  metrics.promptTokens.inc(total);
  exchange.json(answerOf(wish, vectors, total));
}

function tokensIn(input: EmbeddingsWish['inputs'][number], { reader, contextTokens }: OpenEncoder) {
  const prompt =
    typeof input === 'string'
      ? ({ kind: 'text', text: input } as const)
      : ({ kind: 'tokens', tokens: input } as const);
  return promptTokens(prompt, { reader, most: contextTokens, param: 'input' });
}

function answerOf(
  { model, encoding }: EmbeddingsWish,
  vectors: readonly Float32Array[],
  tokens: number,
): object {
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: encoding === 'base64' ? base64(vector) : [...vector],
  }));
  return { object: 'list', model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** The bytes of this computer's order, which is little-endian wherever ONNX Runtime runs. */
function base64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
