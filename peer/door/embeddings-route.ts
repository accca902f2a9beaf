import { type Exchange, only } from './exchange.ts';
import { jsonBody } from './json-body.ts';
import { type EmbeddingsWish, parseEmbeddings } from './parse-embeddings.ts';
import { lengthOf } from './prompt-text.ts';
import { promptTokens } from './prompt-tokens.ts';
import type { DoorParts } from './routes.ts';
import { runAll } from './run-all.ts';
import { encoderFeeds, textVector } from './text-vector.ts';
import type { Prompt } from './text-wish.ts';
import { writeVectors } from './write-vectors.ts';

const MOST_BYTES = 4 * 1024 * 1024;

/** Vectors of texts. @throws DoorError, OverloadedError, RequestFailedError */
export async function answerEmbeddings(exchange: Exchange, { model, metrics }: DoorParts): Promise<void> {
  only(exchange, 'POST');
  const wish = parseEmbeddings(await jsonBody(exchange, MOST_BYTES));
  exchange.forgetBody();
  const encoder = await model.reading(wish.model);
  const { io, reader, contextTokens, asker } = encoder;
  const prompts = wish.inputs.map(promptOf);
  const together = prompts.reduce((sum, prompt) => sum + lengthOf(prompt), 0);
  const bounds = { reader, together, most: contextTokens, param: 'input' };
  const texts = await Promise.all(prompts.map((prompt) => promptTokens(prompt, bounds)));
  const items = texts.map((tokens) => encoderFeeds(io, tokens));
  const vectors = await runAll(asker, items, {
    signal: exchange.signal,
    param: 'input',
    // At once, as the vectors of all tokens of many texts would fill the memory.
    read: ({ tensors }) => textVector(tensors[io.output]),
  });
  const total = texts.reduce((sum, { length }) => sum + length, 0);
  metrics.items.inc(items.length);
  metrics.promptTokens.inc(total);
  const entries = await writeVectors(vectors, wish.encoding);
  const usage = JSON.stringify({ prompt_tokens: total, total_tokens: total });
  const answer = `{"object":"list","data":[${entries}],"model":${JSON.stringify(wish.model)},"usage":${usage}}`;
  exchange.send(Buffer.from(answer), 'application/json');
}

function promptOf(input: EmbeddingsWish['inputs'][number]): Prompt {
  return typeof input === 'string' ? { kind: 'text', text: input } : { kind: 'tokens', tokens: input };
}
