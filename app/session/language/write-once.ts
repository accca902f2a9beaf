import { Conversation } from '../../../core/runtime/conversation.ts';
import type { Member } from '../../../core/runtime/member.ts';
import { writeText } from '../../../core/runtime/write-text.ts';
import type { ProgramText, ProgramWrite } from '../programs.ts';
import type { OpenLanguage } from './open-language.ts';

/** Writes one text for a program, and frees what the room kept of it. */
export async function writeOnce(
  { turns }: Member,
  { writer, tokeniser, stopTokens }: OpenLanguage,
  prompt: string,
  options: ProgramWrite,
): Promise<ProgramText> {
  const { maxNewTokens = 64, temperature = 0, topK = 0, topP = 1, repetitionPenalty = 1, seed = 0 } = options;
  const conversation = new Conversation(writer);
  const promptIds = tokeniser.encode(prompt, { special: true });
  const ids: number[] = [];
  let text = '';
  let [askedAt, firstAt, lastAt] = [0, 0, 0];
  try {
    const decode = (tokens: readonly number[]): string => tokeniser.decode(tokens);
    const pieces = writeText({ conversation, turns, decode }, promptIds, {
      sampling: { temperature, topK, topP, repetitionPenalty, seed },
      maxNewTokens,
      stopTokens,
      stopStrings: [],
      draft: options.draft ?? true,
      ...(options.onRun && { onRun: options.onRun }),
      onTurn: () => {
        askedAt = performance.now();
      },
    });
    for await (const piece of pieces) {
      text += piece.text;
      if (piece.token === null) continue;
      ids.push(piece.token);
      options.onToken?.(piece.token);
      lastAt = performance.now();
      if (ids.length === 1) firstAt = lastAt;
    }
  } finally {
    conversation.end();
  }
  const tokensPerSec = ids.length > 1 ? ((ids.length - 1) * 1000) / (lastAt - firstAt) : 0;
  return { promptIds, ids, text, firstMs: firstAt - askedAt, tokensPerSec };
}
