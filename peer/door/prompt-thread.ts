import { parentPort, workerData } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { Tokeniser, type TokeniserFiles } from '../../app/session/language/tokeniser.ts';
import { tokensOf } from './prompt-text.ts';
import type { Prompt } from './text-wish.ts';

export interface PromptThreadData {
  readonly files: TokeniserFiles;
}

/** A tokeniser in a thread of its own: no prompt, however long, holds up a heartbeat. */
export interface PromptThread {
  tokens(prompt: Prompt): readonly number[];
}

if (parentPort) {
  const tokeniser = new Tokeniser((workerData as PromptThreadData).files);
  const thread: PromptThread = { tokens: (prompt) => tokensOf(prompt, tokeniser) };
  expose(thread, nodeEndpoint(parentPort));
}
