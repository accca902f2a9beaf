import { doorErrorOf } from './door-error.ts';
import type { DoorMetrics } from './door-metrics.ts';
import { type Exchange, only } from './exchange.ts';
import { jsonBody } from './json-body.ts';
import { promptTokens } from './prompt-tokens.ts';
import type { DoorParts } from './routes.ts';
import type { TextForm } from './text-forms.ts';
import type { TextWish } from './text-wish.ts';
import { type TextEnd, type WishNews, writeWish } from './write-wish.ts';

export interface TextRoute {
  readonly parse: (body: Uint8Array) => TextWish;
  readonly form: (model: string) => TextForm;
}

/** Texts of a megabyte are far beyond what models hold; tokens and escapes take more bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Answers a request for a text. @throws what is wrong, as long as no answer has begun */
export async function answerText(
  exchange: Exchange,
  { parse, form: formOf }: TextRoute,
  { model, metrics, report }: DoorParts,
): Promise<void> {
  only(exchange, 'POST');
  const wish = parse(await jsonBody(exchange, MOST_BYTES));
  exchange.forgetBody();
  const language = await model.writing(wish.model);
  const { reader, writer } = language;
  const prompt = await promptTokens(wish.prompt, {
    reader,
    // At least one more must fit.
    most: writer.contextTokens - 1,
    vocabulary: writer.io.vocabulary,
    param: wish.prompt.kind === 'turns' ? 'messages' : 'prompt',
  });
  const { turns } = language.room.member;
  const news = newsFor(metrics);
  const pieces = writeWish(wish, prompt, language, { turns, signal: exchange.signal, news });
  const form = formOf(wish.model);
  metrics.promptTokens.inc(prompt.length);
  if (wish.stream) await streamed(exchange, pieces, form, wish, report);
  else await whole(exchange, pieces, form);
}

type Pieces = AsyncGenerator<string, TextEnd>;

async function whole(exchange: Exchange, pieces: Pieces, form: TextForm): Promise<void> {
  let text = '';
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (next.done) return exchange.json(form.whole(text, next.value));
    text += next.value;
  }
}

/** Server-sent events. Nothing is sent before the first piece, so that a text that cannot begin has a status of its own. */
async function streamed(
  exchange: Exchange,
  pieces: Pieces,
  form: TextForm,
  { includeUsage }: TextWish,
  report: (error: unknown) => void,
): Promise<void> {
  const send = (event: object | string): Promise<void> =>
    exchange.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
  try {
    for (let next = await pieces.next(); ; next = await pieces.next()) {
      const isFirst = !exchange.began;
      if (isFirst) exchange.begin('text/event-stream; charset=utf-8');
      if (!next.done) {
        await send(form.chunk(next.value, isFirst));
        continue;
      }
      if (isFirst) await send(form.chunk('', true));
      await send(form.last(next.value));
      if (includeUsage) await send(form.usage(next.value.usage));
      await send('[DONE]');
      exchange.end();
      return;
    }
  } catch (error) {
    if (!exchange.began || exchange.signal.aborted) throw error;
    // The status is sent already; clients of OpenAI's API read an error from the stream.
    report(error);
    await send(doorErrorOf(error).body);
    exchange.end();
  } finally {
    // Where the caller has gone between two pieces.
    await pieces.return({ finish: 'stop', usage: { promptTokens: 0, completionTokens: 0 } });
  }
}

function newsFor(metrics: DoorMetrics): WishNews {
  const time = metrics.firstToken.startTimer();
  let isFirst = true;
  return {
    waits: (isWaiting) => metrics.waiting.inc(isWaiting ? 1 : -1),
    token: () => {
      if (isFirst) time();
      isFirst = false;
      metrics.completionTokens.inc();
    },
  };
}
