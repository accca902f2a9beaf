import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isRoomId } from './ids.ts';
import { addressOf, drawRoomLink, readRoomLink } from './room-link.ts';

const secret = 'AbCdEfGhIjKlMnOpQrStUv';

it('a drawn room has a name to read aloud and a secret of 128 bits, and its address reads back as the same', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 19, maxLength: 19 }), (bytes) => {
      let at = 0;
      const random = (count: number): Uint8Array<ArrayBuffer> => {
        at += count;
        return new Uint8Array(bytes.slice(at - count, at));
      };
      const link = drawRoomLink(random);
      expect(isRoomId(link.room)).toBe(true);
      expect(link.secret).toMatch(/^[A-Za-z0-9_-]{22}$/);
      expect(readRoomLink(new URL(addressOf(link, 'https://192.168.1.20:8443')))).toEqual(link);
    }),
  );
});

it('the secret stands in the fragment only, which browsers never send', () => {
  const link = drawRoomLink((count) => new Uint8Array(count).fill(7));
  const url = new URL(addressOf(link, 'https://example.org'));
  expect(url.hash).toBe(`#${link.secret}`);
  expect(url.href.replace(url.hash, '')).not.toContain(link.secret);
});

it.each([
  ['https://a.example/', undefined],
  ['https://a.example/about', undefined],
  [`https://a.example/r/maple-otter-7#${secret}`, { room: 'maple-otter-7', secret }],
  [`https://a.example/r/maple-otter-7?threads=1#${secret}`, { room: 'maple-otter-7', secret }],
  ['https://a.example/r/maple-otter-7', 'incomplete'],
  ['https://a.example/r/maple-otter-7#short', 'incomplete'],
  [`https://a.example/r/UPPER-case#${secret}`, 'incomplete'],
])('%s', (address, expected) => {
  expect(readRoomLink(new URL(address))).toEqual(expected);
});
