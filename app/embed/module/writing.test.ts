import { describe, expect, it } from 'vitest';
import type { FrameWritten } from '../channel.ts';
import { writing } from './writing.ts';

const END: FrameWritten = { tokens: 3, end: 'length', firstMs: 1, tokensPerSecond: 2 };
const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** Writes "a", "b", "c", a moment apart, until it is stopped. */
async function abc(piece: (text: string) => void, signal: AbortSignal): Promise<FrameWritten> {
  for (const text of 'abc') {
    await moment();
    signal.throwIfAborted();
    piece(text);
  }
  return END;
}

describe('a text on its way', () => {
  it('comes piece by piece, and as a whole', async () => {
    const text = writing(abc, undefined);
    const pieces: string[] = [];
    for await (const piece of text) pieces.push(piece);
    expect(pieces).toEqual(['a', 'b', 'c']);
    expect(await text.result).toEqual({ text: 'abc', ...END });
  });

  it('is whole for whoever only waits for it', async () => {
    expect((await writing(abc, undefined).result).text).toBe('abc');
  });

  it('ends when the loop is left', async () => {
    const text = writing(abc, undefined);
    for await (const piece of text) {
      expect(piece).toBe('a');
      break;
    }
    await expect(text.result).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each([['before it began'], ['in the middle']])('ends by a signal %s, with its reason', async (when) => {
    const control = new AbortController();
    const reason = new Error('enough');
    if (when === 'before it began') control.abort(reason);
    const text = writing(abc, control.signal);
    const read = async (): Promise<void> => {
      for await (const _piece of text) control.abort(reason);
    };
    await expect(read()).rejects.toBe(reason);
  });

  it('fails in the loop as in the whole', async () => {
    const text = writing(async (piece) => {
      piece('a');
      throw new Error('lost');
    }, undefined);
    const pieces: string[] = [];
    const read = async (): Promise<void> => {
      for await (const piece of text) pieces.push(piece);
    };
    await expect(read()).rejects.toThrow('lost');
    expect(pieces).toEqual(['a']);
  });
});
