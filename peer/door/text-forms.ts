import { randomUUID } from 'node:crypto';
import type { TextEnd, Usage } from './write-wish.ts';

/** How OpenAI's API writes an answer: whole, or chunk by chunk. */
export interface TextForm {
  whole(text: string, end: TextEnd): object;
  /** `isFirst`: nothing has been sent before. */
  chunk(text: string, isFirst: boolean): object;
  last(end: TextEnd): object;
  /** After the last chunk, for who wants the tokens counted. */
  usage(usage: Usage): object;
}

/** Of /v1/chat/completions. */
export function chatForm(model: string, now: Date = new Date()): TextForm {
  const head = headOf('chatcmpl', model, now);
  const object = 'chat.completion.chunk';
  const chunk = (delta: object, finish_reason: string | null): object => ({
    ...head,
    object,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  });
  return {
    whole: (content, { finish, usage }) => {
      const message = { role: 'assistant', content, refusal: null };
      const choice = { index: 0, message, logprobs: null, finish_reason: finish };
      return { ...head, object: 'chat.completion', choices: [choice], usage: usageOf(usage) };
    },
    chunk: (content, isFirst) => chunk({ ...(isFirst && { role: 'assistant' }), content }, null),
    last: ({ finish }) => chunk({}, finish),
    usage: (usage) => ({ ...head, object, choices: [], usage: usageOf(usage) }),
  };
}

/** Of /v1/completions. */
export function completionForm(model: string, now: Date = new Date()): TextForm {
  const head = { ...headOf('cmpl', model, now), object: 'text_completion' };
  const choice = (text: string, finish_reason: string | null): object => ({
    index: 0,
    text,
    logprobs: null,
    finish_reason,
  });
  return {
    whole: (text, { finish, usage }) => ({
      ...head,
      choices: [choice(text, finish)],
      usage: usageOf(usage),
    }),
    chunk: (text) => ({ ...head, choices: [choice(text, null)] }),
    last: ({ finish }) => ({ ...head, choices: [choice('', finish)] }),
    usage: (usage) => ({ ...head, choices: [], usage: usageOf(usage) }),
  };
}

function headOf(kind: string, model: string, now: Date) {
  const created = Math.floor(now.getTime() / 1000);
  return { id: `${kind}-${randomUUID().replaceAll('-', '')}`, created, model };
}

function usageOf({ promptTokens, completionTokens }: Usage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}
