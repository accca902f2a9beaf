import { messageOf } from '../errors.ts';
import type { Dial, Dialling } from './dial.ts';

/** A dial whose code comes with the first attempt: a device alone in its room needs none of it. */
export function dialLater(load: () => Promise<Dial>): Dial {
  return (options, listener) => {
    const waiting: string[] = [];
    let dialling: Dialling | undefined;
    let over = false;
    load().then(
      (dial) => {
        if (over) return;
        dialling = dial(options, listener);
        for (const text of waiting) dialling.signal(text);
      },
      // The server is gone, or the page older than what it serves: the next attempt tries again.
      (error: unknown) => over || listener.failed(messageOf(error)),
    );
    return {
      signal: (text) => (dialling ? dialling.signal(text) : waiting.push(text)),
      abandon: () => {
        over = true;
        dialling?.abandon();
      },
    };
  };
}
