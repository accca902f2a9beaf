import type { Worker } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Tokeniser, TokeniserFiles } from '../../app/session/language/tokeniser.ts';
import { PendingCalls } from '../../core/runtime/pending-calls.ts';
import { startThread } from '../start-thread.ts';
import { notReady } from './door-error.ts';
import { lengthOf, tokensOf } from './prompt-text.ts';
import type { PromptThread, PromptThreadData } from './prompt-thread.ts';
import type { Prompt } from './text-wish.ts';

/** So many characters take up to a tenth of a second (measured: 13 µs each with GPT-2's rules, at worst). */
const SHORT = 8192;

interface Thread {
  /** Those who wait for it. */
  readonly pending: PendingCalls;
  /** In an object, as a remote stands for a promise, too. */
  readonly opened: Promise<{ readonly remote: Remote<PromptThread> }>;
  end(reason: Error): void;
}

/** Turns prompts into tokens: short ones at once, long ones in a thread, which begins with the first of them. */
export class PromptReader {
  readonly #tokeniser: Tokeniser;
  readonly #files: () => Promise<TokeniserFiles>;
  #thread: Thread | undefined;
  #closed: Error | undefined;

  /** `files`: what `tokeniser` was made of. */
  constructor(tokeniser: Tokeniser, files: () => Promise<TokeniserFiles>) {
    this.#tokeniser = tokeniser;
    this.#files = files;
  }

  /**
   * `together`: how long all prompts of a request are that are read at once; left out, this is the only one.
   * @throws InputError where the model's template refuses the turns; DoorError 503 once this is closed; what the way of
   * the files throws, or why the thread broke: the next long one begins another
   */
  async tokens(prompt: Prompt, together: number = lengthOf(prompt)): Promise<readonly number[]> {
    if (prompt.kind === 'tokens' || together <= SHORT) return tokensOf(prompt, this.#tokeniser);
    if (this.#closed) throw this.#closed;
    this.#thread ??= this.#start();
    const { pending, opened } = this.#thread;
    return pending.track(async () => (await opened).remote.tokens(prompt));
  }

  close(): void {
    this.#closed ??= notReady('The model is no longer the same.');
    this.#thread?.end(this.#closed);
  }

  #start(): Thread {
    const pending = new PendingCalls();
    let worker: Worker | undefined;
    const end = (reason: Error): void => {
      if (this.#thread === thread) this.#thread = undefined;
      pending.end(reason);
      void worker?.terminate();
    };
    const open = async () => {
      const data: PromptThreadData = { files: await this.#files() };
      if (pending.ended) throw pending.ended;
      worker = startThread('./door/prompt-thread.ts', 'tokeniser', data);
      worker.unref();
      worker.on('error', end);
      worker.on('exit', () => end(new Error('The thread of the tokeniser has ended.')));
      return { remote: wrap<PromptThread>(nodeEndpoint(worker)) };
    };
    const thread: Thread = { pending, opened: open(), end };
    thread.opened.catch(end);
    return thread;
  }
}
