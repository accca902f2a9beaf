import type { Worker } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Tokeniser, TokeniserFiles } from '../../app/session/language/tokeniser.ts';
import { PendingCalls } from '../../core/runtime/pending-calls.ts';
import { startThread } from '../start-thread.ts';
import { lengthOf, tokensOf } from './prompt-text.ts';
import type { PromptThread, PromptThreadData } from './prompt-thread.ts';
import type { Prompt } from './text-wish.ts';

/** So many characters take up to a tenth of a second (measured: 13 µs each with GPT-2's rules, at worst). */
const SHORT = 8192;

/** Turns prompts into tokens: short ones at once, long ones in a thread, which begins with the first of them. */
export class PromptReader {
  readonly #tokeniser: Tokeniser;
  readonly #files: () => Promise<TokeniserFiles>;
  readonly #pending: PendingCalls = new PendingCalls();
  #thread: Promise<{ readonly worker: Worker; readonly remote: Remote<PromptThread> }> | undefined;

  /** `files`: what `tokeniser` was made of. */
  constructor(tokeniser: Tokeniser, files: () => Promise<TokeniserFiles>) {
    this.#tokeniser = tokeniser;
    this.#files = files;
  }

  /** @throws InputError where the model's template refuses the turns; Error where the thread broke or was closed */
  async tokens(prompt: Prompt): Promise<readonly number[]> {
    if (prompt.kind === 'tokens' || lengthOf(prompt) <= SHORT) return tokensOf(prompt, this.#tokeniser);
    return this.#pending.track(async () => {
      this.#thread ??= this.#start();
      const { remote } = await this.#thread;
      return remote.tokens(prompt);
    });
  }

  close(): void {
    this.#pending.end(new Error('The model is no longer the same.'));
    this.#thread?.then(
      ({ worker }) => void worker.terminate(),
      () => undefined,
    );
  }

  async #start() {
    const data: PromptThreadData = { files: await this.#files() };
    const worker = startThread('./door/prompt-thread.ts', 'tokeniser', data);
    worker.unref();
    worker.on('error', (error) => this.#pending.end(error));
    return { worker, remote: wrap<PromptThread>(nodeEndpoint(worker)) };
  }
}
