import { StopStrings } from '../language/stop-strings.ts';
import { TextStream } from '../language/text-stream.ts';
import type { Conversation, WriteEnd, WriteOptions } from './conversation.ts';
import type { Turns } from './turns.ts';

export interface TextWriter {
  readonly conversation: Conversation;
  readonly turns: Turns;
  /** Text of some tokens, without special ones. */
  readonly decode: (tokens: readonly number[]) => string;
}

export interface TextOptions extends WriteOptions {
  /** Each of these strings ends the text and is not part of it. */
  readonly stopStrings: readonly string[];
  /** Told where in the line this text stands, from 1, while others are written first. */
  readonly onPlace?: (place: number) => void;
  /** Told when it is this text's turn. */
  readonly onTurn?: () => void;
}

/** What one token adds: whole characters only, so it may be nothing, and the last piece may have no token. */
export interface TextPiece {
  readonly token: number | null;
  readonly text: string;
}

/**
 * Writes on after `prompt`, the whole text so far as tokens, when it is this text's turn in the room; the turn ends with
 * it, however it ends. @throws OverloadedError when the line is full; what {@link Conversation.write} throws.
 */
export async function* writeText(
  { conversation, turns, decode }: TextWriter,
  prompt: readonly number[],
  options: TextOptions,
): AsyncGenerator<TextPiece, WriteEnd> {
  const { signal, onPlace, onTurn, stopStrings } = options;
  const endTurn = await turns.take(onPlace ?? (() => undefined), signal);
  try {
    onTurn?.();
    const stream = new TextStream(decode, prompt);
    const stops = new StopStrings(stopStrings);
    const tokens = conversation.write(prompt, options);
    for (let next = await tokens.next(); ; next = await tokens.next()) {
      if (next.done) {
        const { text } = stops.push(stream.end());
        yield { token: null, text: text + stops.end() };
        return next.value;
      }
      const { text, stopped } = stops.push(stream.push(next.value));
      yield { token: next.value, text };
      if (!stopped) continue;
      await tokens.return('stop');
      return 'stop';
    }
  } finally {
    endTurn();
  }
}
