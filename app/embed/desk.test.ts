import { afterEach, describe, expect, it } from 'vitest';
import { InputError } from '../../core/errors.ts';
import type { EmbedAsk } from '../../core/protocol/embed.ts';
import type { FromFrame } from './channel.ts';
import { type AskContext, openDesk, type Reply } from './desk.ts';
import { FrameLink } from './module/frame-link.ts';
import { over } from './module/room.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A desk with somebody at it; what it says is heard by `link`, or raw. */
function desk(answer: (ask: EmbedAsk, context: AskContext) => Promise<Reply>): MessagePort {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  openDesk(port2, answer);
  return port1;
}

const linkTo = (port: MessagePort): FrameLink => new FrameLink(port, () => undefined);
/** Resolves with what comes raw. */
const heard = (port: MessagePort, count: number): Promise<readonly FromFrame[]> =>
  new Promise((resolve) => {
    const all: FromFrame[] = [];
    port.onmessage = ({ data }) => {
      all.push(data);
      if (all.length === count) resolve(all);
    };
  });
const forever = new Promise<never>(() => undefined);

describe('the desk that answers a site', () => {
  it('answers each call once, in any order', async () => {
    const waits: (() => void)[] = [];
    const link = linkTo(
      desk(async ({ type }) => {
        if (type === 'ready') await new Promise<void>((resolve) => waits.push(resolve));
        waits.shift()?.();
        return { value: type };
      }),
    );
    expect(await Promise.all([link.call({ type: 'ready' }), link.call({ type: 'qr' })])).toEqual([
      'ready',
      'qr',
    ]);
  });

  it('passes on pieces before the answer', async () => {
    const link = linkTo(
      desk(async (_ask, { piece }) => {
        piece('a');
        piece('b');
        return { value: 2 };
      }),
    );
    const pieces: string[] = [];
    expect(await link.call({ type: 'qr' }, { onPiece: (piece) => pieces.push(piece) })).toBe(2);
    expect(pieces).toEqual(['a', 'b']);
  });

  it('tells errors by kind, with the sentence of the page and what was expected', async () => {
    const link = linkTo(
      desk(async () => {
        throw new InputError('No value for "x".', { step: 'ask', expected: 'x' });
      }),
    );
    await expect(link.call({ type: 'ready' })).rejects.toMatchObject({
      ...{ name: 'InputError', message: 'No value for "x".', step: 'ask', expected: 'x' },
    });
  });

  it('refuses what it cannot read, in the answer of that call', async () => {
    const port = desk(async () => ({}));
    const answer = heard(port, 1);
    port.postMessage({ type: 'call', call: 3, ask: { type: 'eval', code: '1' } });
    expect(await answer).toMatchObject([{ type: 'error', call: 3, error: { name: 'ProtocolError' } }]);
  });

  it('takes 64 calls at once, and the next when one is done', async () => {
    let done = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      done = resolve;
    });
    const link = linkTo(
      desk(async ({ type }) => {
        await (type === 'ready' ? forever : first);
        return {};
      }),
    );
    const one = link.call({ type: 'qr' });
    for (let n = 1; n < 64; n++) void link.call({ type: 'ready' });
    await expect(link.call({ type: 'qr' })).rejects.toMatchObject({ name: 'OverloadedError' });
    done();
    await one;
    await expect(link.call({ type: 'qr' })).resolves.toBeUndefined();
  });

  it('does not begin a call again under the number of one that is open', async () => {
    let begun = 0;
    const port = desk(async () => {
      begun++;
      return forever;
    });
    const answer = heard(port, 1);
    port.postMessage({ type: 'call', call: 1, ask: { type: 'ready' } });
    port.postMessage({ type: 'call', call: 1, ask: { type: 'ready' } });
    port.postMessage({ type: 'call', call: 1, ask: 'nonsense' });
    port.postMessage({ type: 'call', call: 2, ask: 'nonsense' });
    expect(await answer).toMatchObject([{ call: 2 }]);
    expect(begun).toBe(1);
  });

  it('is told when nobody waits any more, and the caller hears its own reason at once', async () => {
    let stopped = (): void => undefined;
    const told = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const link = linkTo(
      desk(async (_ask, { signal }) => {
        signal.addEventListener('abort', stopped);
        return forever;
      }),
    );
    const control = new AbortController();
    const call = link.call({ type: 'ready' }, { signal: control.signal });
    control.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await told;
  });
});

describe('a frame that is gone', () => {
  it('ends what is open and what is asked later, by the first reason', async () => {
    const link = linkTo(desk(async () => forever));
    const open = link.call({ type: 'ready' });
    link.end(over('left', 'You left the room.'));
    link.end(over('closed', 'Closed.'));
    for (const call of [open, link.call({ type: 'qr' })]) {
      await expect(call).rejects.toMatchObject({ name: 'RoomEndedError', reason: 'left' });
    }
  });
});
