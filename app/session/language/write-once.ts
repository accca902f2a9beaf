import { Conversation } from '../../../core/runtime/conversation.ts';
import type { Member } from '../../../core/runtime/member.ts';
import { writeText } from '../../../core/runtime/write-text.ts';
import type { ProgramText, ProgramWrite } from '../programs.ts';
import type { OpenLanguage } from './open-language.ts';

/**
 * Writes one text for a program, after a prompt as text or as tokens, and frees what the room kept of it: unless it is
 * that of a `conversation` of the caller's, which stays.
 */
export async function writeOnce(
  { turns }: Member,
  { writer, tokeniser, stopTokens }: OpenLanguage,
  prompt: string | readonly number[],
  options: ProgramWrite,
  kept?: Conversation,
): Promise<ProgramText> {
  const { maxNewTokens = 64, temperature = 0, topK = 0, topP = 1, repetitionPenalty = 1, seed = 0 } = options;
  const { stop = [], signal, onText } = options;
  const conversation = kept ?? new Conversation(writer);
  const promptIds = typeof prompt === 'string' ? tokeniser.encode(prompt, { special: true }) : prompt;
  const ids: number[] = [];
  let text = '';
  let [askedAt, firstAt, lastAt] = [0, 0, 0];
  try {
    const decode = (tokens: readonly number[]): string => tokeniser.decode(tokens);
    const pieces = writeText({ conversation, turns, decode }, promptIds, {
      sampling: { temperature, topK, topP, repetitionPenalty, seed },
      maxNewTokens,
      stopTokens,
      stopStrings: stop,
      draft: options.draft ?? true,
      ...(signal && { signal }),
      ...(options.onRun && { onRun: options.onRun }),
      onTurn: () => {
        askedAt = performance.now();
      },
    });
    for (let next = await pieces.next(); ; next = await pieces.next()) {
      if (next.done) {
        const tokensPerSec = ids.length > 1 ? ((ids.length - 1) * 1000) / (lastAt - firstAt) : 0;
        return { promptIds, ids, text, end: next.value, firstMs: firstAt - askedAt, tokensPerSec };
      }
      const { token, text: more } = next.value;
      text += more;
      if (more !== '') onText?.(more);
      if (token === null) continue;
      ids.push(token);
      options.onToken?.(token);
      lastAt = performance.now();
      if (ids.length === 1) firstAt = lastAt;
    }
  } finally {
    if (!kept) conversation.end();
  }
}
