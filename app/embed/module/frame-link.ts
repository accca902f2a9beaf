import type { EmbedAsk, EmbedRequest } from '../../../core/protocol/embed.ts';
import type { FromFrame, News } from '../channel.ts';
import { PotluckError } from './potluck-error.ts';

interface OpenCall {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  readonly onPiece: ((text: string) => void) | undefined;
}

export interface CallOptions {
  /** The call rejects with its reason at once; what the frame still answers is dropped. */
  readonly signal?: AbortSignal | undefined;
  readonly onPiece?: (text: string) => void;
  readonly transfer?: Transferable[];
}

/** The module's end of the channel: calls with answers, and news. */
export class FrameLink {
  readonly #port: MessagePort;
  readonly #open = new Map<number, OpenCall>();
  #next = 1;
  #over: PotluckError | undefined;

  constructor(port: MessagePort, news: (news: News) => void) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<FromFrame>) => {
      if (data.type === 'news') news(data.news);
      else this.#answer(data);
    };
  }

  /** @throws PotluckError; the signal's reason. */
  call(ask: EmbedAsk, { signal, onPiece, transfer = [] }: CallOptions = {}): Promise<unknown> {
    const call = this.#next++;
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#over);
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        if (!this.#open.delete(call)) return;
        this.#send({ type: 'stop', call });
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort);
      const settled = (): void => signal?.removeEventListener('abort', abort);
      this.#open.set(call, {
        resolve: (value) => {
          settled();
          resolve(value);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        onPiece,
      });
      try {
        this.#send({ type: 'call', call, ask }, transfer);
      } catch (error) {
        // Something in it cannot be cloned, such as a function.
        this.#open.delete(call);
        settled();
        reject(new PotluckError(String(error), { name: 'InputError', step: 'hand it to the room' }));
      }
    });
  }

  /** The frame is gone: what is open, and all that is asked later, rejects. The first reason counts. */
  end(reason: PotluckError): void {
    this.#over ??= reason;
    for (const { reject } of this.#open.values()) reject(this.#over);
    this.#open.clear();
    this.#port.close();
  }

  #send(request: EmbedRequest, transfer: Transferable[] = []): void {
    this.#port.postMessage(request, transfer);
  }

  #answer(message: Exclude<FromFrame, { type: 'news' }>): void {
    const open = this.#open.get(message.call);
    if (message.type !== 'piece') this.#open.delete(message.call);
    if (message.type === 'piece') open?.onPiece?.(message.text);
    else if (message.type === 'result') open?.resolve(message.value);
    else open?.reject(new PotluckError(message.error.message, message.error));
  }
}
