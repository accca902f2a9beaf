import { describe, expect, it } from 'vitest';
import { giveStorage } from './give-storage.ts';

describe('storage of a frame', () => {
  it('lasts as long as the frame where the browser withholds it', () => {
    const page = {
      get localStorage(): Storage {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
      sessionStorage: null as Storage | null,
    };
    // As in a browser, where both are on the prototype of the window.
    const window: typeof page = Object.create(page);
    giveStorage(window);
    for (const storage of [window.localStorage, window.sessionStorage]) {
      storage?.setItem('a', '1');
      expect([storage?.getItem('a'), storage?.length, storage?.key(0)]).toEqual(['1', 1, 'a']);
      storage?.removeItem('a');
      expect(storage?.getItem('a')).toBeNull();
    }
  });

  it('is the lasting one where there is one', () => {
    const lasting = {} as Storage;
    const window = { localStorage: lasting, sessionStorage: lasting };
    giveStorage(window);
    expect(window.localStorage).toBe(lasting);
  });
});
