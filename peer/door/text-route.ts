import type { DoorMetrics } from './door-metrics.ts';
import { type Exchange, only } from './exchange.ts';
import { jsonBody } from './json-body.ts';
import { promptTokens } from './prompt-tokens.ts';
import type { DoorParts } from './routes.ts';
import { sendStream, sendWhole } from './send-text.ts';
import type { TextForm } from './text-forms.ts';
import type { TextWish } from './text-wish.ts';
import { type WishNews, writeWish } from './write-wish.ts';

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
  if (wish.stream) await sendStream(exchange, pieces, form, wish, report);
  else await sendWhole(exchange, pieces, form);
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
