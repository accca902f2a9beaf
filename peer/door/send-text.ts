import { doorErrorOf } from './door-error.ts';
import type { Exchange } from './exchange.ts';
import type { TextForm } from './text-forms.ts';
import type { TextWish } from './text-wish.ts';
import type { TextEnd } from './write-wish.ts';

/** What is written, piece by piece, and how it ended. */
export type Pieces = AsyncGenerator<string, TextEnd>;

/** One answer, once all is written. */
export async function sendWhole(exchange: Exchange, pieces: Pieces, form: TextForm): Promise<void> {
  let text = '';
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (next.done) return exchange.json(form.whole(text, next.value));
    text += next.value;
  }
}

/**
 * Server-sent events. Nothing is sent before the first piece, so that a text that cannot begin has a status of its own. The pieces are
 * closed whatever happens. @throws what the pieces throw before the first, and CallerGoneError
 */
export async function sendStream(
  exchange: Exchange,
  pieces: Pieces,
  form: TextForm,
  { includeUsage }: Pick<TextWish, 'includeUsage'>,
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
