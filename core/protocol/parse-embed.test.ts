import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../errors.ts';
import type { EmbedAsk } from './embed.ts';
import { below, pick, seeded } from './mutations.ts';
import { callOf, parseEmbedRequest } from './parse-embed.ts';

const LINK = 'https://potluck.example/r/maple-otter-42#c2VjcmV0LXNlY3JldC1zZQ';
const call = (ask: unknown): unknown => ({ type: 'call', call: 7, ask });
const tensor = { dtype: 'float32', dims: [1, 2], data: new Uint8Array(8) };

const EXAMPLES: readonly EmbedAsk[] = [
  { type: 'enter', link: null, name: null, model: null },
  { type: 'enter', link: LINK, name: 'Kitchen', model: { kind: 'bundled', id: 'digits' } },
  { type: 'open', model: { kind: 'url', url: 'https://models.example/a.onnx' } },
  { type: 'open', model: { kind: 'files', files: [new File(['x'], 'a.onnx')] } },
  { type: 'ready' },
  { type: 'run', feeds: { image: tensor } },
  { type: 'write', input: 'Once', options: { maxNewTokens: 5, temperature: 0, stop: ['.'] } },
  { type: 'write', input: [{ role: 'user', content: 'Hello' }], options: {} },
  { type: 'mode', mode: { everyMs: 40 } },
  { type: 'qr' },
  { type: 'leave' },
];

describe('what an embedding site says', () => {
  it.each(EXAMPLES)('passes when it is %o', (ask) => {
    expect(parseEmbedRequest(call(ask))).toEqual({ type: 'call', call: 7, ask });
  });

  it('may be that nobody waits any more', () => {
    expect(parseEmbedRequest({ type: 'stop', call: 7 })).toEqual({ type: 'stop', call: 7 });
  });

  it.each([
    ['no message', null],
    ['a call without a number', { type: 'call', ask: { type: 'ready' } }],
    ['an unknown ask', call({ type: 'eval', code: '1' })],
    [
      'an address that is no web address',
      call({ type: 'open', model: { kind: 'url', url: 'file:///etc/passwd' } }),
    ],
    ['a path in place of an id', call({ type: 'open', model: { kind: 'bundled', id: '../secrets' } })],
    ['no files', call({ type: 'open', model: { kind: 'files', files: [] } })],
    ['text in place of a file', call({ type: 'open', model: { kind: 'files', files: ['a.onnx'] } })],
    ['numbers in place of bytes', call({ type: 'run', feeds: { x: { ...tensor, data: [1, 2] } } })],
    [
      'shared memory',
      call({ type: 'run', feeds: { x: { ...tensor, data: new Uint8Array(new SharedArrayBuffer(8)) } } }),
    ],
    ['a negative dimension', call({ type: 'run', feeds: { x: { ...tensor, dims: [-1] } } })],
    [
      'too many tensors',
      call({ type: 'run', feeds: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [i, tensor])) }),
    ],
    ['something that is no picture', call({ type: 'picture', picture: { width: 1, height: 1 } })],
    ['no turns', call({ type: 'write', input: [], options: {} })],
    ['an unknown role', call({ type: 'write', input: [{ role: 'root', content: '' }], options: {} })],
    [
      'an endless text',
      call({ type: 'write', input: '', options: { maxNewTokens: Number.POSITIVE_INFINITY } }),
    ],
    ['a text too long', call({ type: 'write', input: 'x'.repeat(8 * 1024 ** 2 + 1), options: {} })],
    ['a name of nothing', call({ type: 'enter', link: null, name: '   ', model: null })],
  ])('is refused when it is %s', (_what, message) => {
    expect(() => parseEmbedRequest(message)).toThrow(ProtocolError);
  });

  it('is cut where it is a name, as on the page', () => {
    const ask = { type: 'enter', link: null, name: ` ${'n'.repeat(99)}`, model: null };
    expect(parseEmbedRequest(call(ask))).toMatchObject({ ask: { name: 'n'.repeat(40) } });
  });

  it('is not repeated in the error, for it may be a link with its secret', () => {
    for (const ask of [
      { type: 'enter', link: [LINK], name: null, model: null },
      { type: LINK },
      { type: 'open', model: { kind: 'url', url: LINK.replace('https', 'gopher') } },
    ]) {
      expect(() => parseEmbedRequest(call(ask))).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('maple') }),
      );
    }
  });

  it('passes or is refused, whatever one part of it is replaced by', () => {
    const random = seeded(5);
    const odd = [
      null,
      undefined,
      -1,
      2 ** 53,
      Number.NaN,
      '',
      '\u0000',
      [],
      {},
      LINK,
      new Uint8Array(3),
      true,
    ];
    for (let round = 0; round < 3000; round++) {
      const message = structuredClone(call(pick(random, EXAMPLES)));
      damage(message, random, odd);
      try {
        parseEmbedRequest(message);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
  });

  it('has a number to answer even where the rest is wrong', () => {
    expect([callOf(call({ type: 'eval' })), callOf({ call: -1 }), callOf('x')]).toEqual([7, null, null]);
  });
});

/** Replaces one part, somewhere in it. */
function damage(value: unknown, random: () => number, odd: readonly unknown[]): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  const keys = Object.keys(value);
  if (keys.length === 0) return;
  const key = pick(random, keys);
  const part: unknown = Reflect.get(value, key);
  if (random() < 0.6 && typeof part === 'object' && part !== null) damage(part, random, odd);
  else Reflect.set(value, key, odd[below(random, odd.length)]);
}
