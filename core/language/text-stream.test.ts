import { expect, test } from 'vitest';
import { TextStream } from './text-stream.ts';

/** A tokeniser of bytes: the hardest there is. */
const bytes = (tokens: readonly number[]): string => new TextDecoder().decode(Uint8Array.from(tokens));

test('gives out whole characters, and all of the text', () => {
  const text = 'Grüße, 世界! 👩‍👩‍👧 naïve';
  const stream = new TextStream(bytes);
  const pieces = [...new TextEncoder().encode(text)].map((byte) => stream.push(byte));
  expect(pieces.join('') + stream.end()).toBe(text);
  expect(pieces.some((piece) => piece.includes('\uFFFD'))).toBe(false);
});

test('a decoder that puts spaces between words, as SentencePiece does, loses none of them', () => {
  const words = ['▁Once', '▁upon', '▁a', '▁time', ',', '▁in', '▁a', '▁land', '▁far', '▁a', 'way', '▁there'];
  const decode = (tokens: readonly number[]): string =>
    tokens
      .map((token) => words[token] ?? '')
      .join('')
      .replaceAll('▁', ' ')
      .trimStart();
  const stream = new TextStream(decode);
  const text = words.map((_, token) => stream.push(token)).join('') + stream.end();
  expect(text).toBe('Once upon a time, in a land far away there');
  const goingOn = new TextStream(decode, [0, 1]);
  expect(goingOn.push(2)).toBe(' a');
});

test('broken characters come out in the end rather than never', () => {
  const stream = new TextStream(bytes);
  const pieces = Array.from({ length: 20 }, () => stream.push(0xe4));
  expect((pieces.join('') + stream.end()).length).toBeGreaterThan(0);
  const short = new TextStream(bytes);
  expect(short.push(0xe4)).toBe('');
  expect(short.end()).toBe('\uFFFD');
});
