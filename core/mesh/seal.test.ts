import { webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import type { PeerId, RoomId } from '../ids.ts';
import { fromBase64url, toBase64url } from './base64url.ts';
import { RoomSeal } from './seal.ts';

const [ann, bob, eve] = ['a', 'b', 'e'].map((digit) => digit.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
];
const SECRET = toBase64url(new Uint8Array(16).fill(7));

function sealOf(me: PeerId, { room = 'maple-otter-7', secret = SECRET } = {}): Promise<RoomSeal> {
  const random = (bytes: number): Uint8Array<ArrayBuffer> =>
    webcrypto.getRandomValues(new Uint8Array(bytes)) as Uint8Array<ArrayBuffer>;
  return RoomSeal.derive({
    subtle: webcrypto.subtle as SubtleCrypto,
    random,
    room: room as RoomId,
    secret,
    me,
  });
}

test('base64url comes back as it was, at every length', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length) & 255);
    const text = toBase64url(bytes);
    expect(text).toMatch(/^[\w-]*$/);
    expect(fromBase64url(text)).toEqual(bytes);
  }
  for (const bad of ['a', 'ab=', 'a+b/', 'ä']) expect(() => fromBase64url(bad)).toThrow(ProtocolError);
});

test('everybody with the secret has the same proof; another secret or room has another', async () => {
  const { proof } = await sealOf(ann);
  expect(proof).toMatch(/^[\w-]{43}$/);
  expect((await sealOf(bob)).proof).toBe(proof);
  expect((await sealOf(bob, { room: 'maple-otter-8' })).proof).not.toBe(proof);
  expect((await sealOf(bob, { secret: toBase64url(new Uint8Array(16)) })).proof).not.toBe(proof);
});

test('the proof is HKDF-SHA-256 of the secret, so that any implementation can join', async () => {
  const { hkdfSync } = await import('node:crypto');
  const expected = hkdfSync(
    'sha256',
    new Uint8Array(16).fill(7),
    'maple-otter-7',
    'potluck door proof 1',
    32,
  );
  expect((await sealOf(ann)).proof).toBe(toBase64url(new Uint8Array(expected)));
});

test('a short secret is refused', async () => {
  await expect(sealOf(ann, { secret: toBase64url(new Uint8Array(15)) })).rejects.toThrow(ProtocolError);
});

test('texts, packets and cards open at the other end', async () => {
  const [a, b] = [await sealOf(ann), await sealOf(bob)];
  expect(await b.openText(ann, await a.sealText(bob, 'häufig 🫕'))).toBe('häufig 🫕');
  const packet = crypto.getRandomValues(new Uint8Array(65_000));
  expect(await b.openPacket(ann, await a.sealPacket(bob, packet))).toEqual(packet);
  const card = await a.sealCard('{"name":"Pixel"}');
  expect(await b.openCard(ann, card)).toBe('{"name":"Pixel"}');
  // The leader's page was reloaded, the server shows the card again.
  expect(await b.openCard(ann, card)).toBe('{"name":"Pixel"}');
});

test('the sender may overwrite the bytes at once', async () => {
  const [a, b] = [await sealOf(ann), await sealOf(bob)];
  const bytes = Uint8Array.of(1, 2, 3);
  const sealed = a.sealPacket(bob, bytes);
  bytes.fill(0);
  expect(await b.openPacket(ann, await sealed)).toEqual(Uint8Array.of(1, 2, 3));
});

test('what is sealed is neither readable nor the same twice', async () => {
  const a = await sealOf(ann);
  const [one, two] = [await a.sealText(bob, 'v=0 a=fingerprint'), await a.sealText(bob, 'v=0 a=fingerprint')];
  expect(one).not.toBe(two);
  expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('fingerprint');
});

test('two pages of one peer never use the same nonce', async () => {
  const [before, after] = [await sealOf(ann), await sealOf(ann)];
  const nonce = async (seal: RoomSeal): Promise<string> =>
    toBase64url((await seal.sealPacket(bob, new Uint8Array(1))).subarray(0, 12));
  expect(await nonce(before)).not.toBe(await nonce(after));
});

test('a server that forges, redirects, reflects, repeats or relabels is caught', async () => {
  const [a, b, e] = [await sealOf(ann), await sealOf(bob), await sealOf(eve)];
  const sealed = await a.sealText(bob, 'hello');
  await expect(e.openText(ann, sealed), 'redirected').rejects.toThrow(ProtocolError);
  await expect(a.openText(bob, sealed), 'reflected').rejects.toThrow(ProtocolError);
  await expect(b.openText(eve, sealed), 'in another name').rejects.toThrow(ProtocolError);
  const bytes = fromBase64url(sealed);
  await expect((await sealOf(bob)).openPacket(ann, bytes), 'relabelled').rejects.toThrow(ProtocolError);
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] = (changed[i] ?? 0) ^ 1;
    const fresh = await sealOf(bob);
    await expect(fresh.openText(ann, toBase64url(changed)), `byte ${i}`).rejects.toThrow(ProtocolError);
  }
  await expect(b.openText(ann, toBase64url(bytes.subarray(0, 20))), 'cut').rejects.toThrow(ProtocolError);
  expect(await b.openText(ann, sealed)).toBe('hello');
  await expect(b.openText(ann, sealed), 'repeated').rejects.toThrow(/repetition/);
});

test('another room cannot open it', async () => {
  const sealed = await (await sealOf(ann)).sealText(bob, 'hello');
  const other = await sealOf(bob, { room: 'maple-otter-8' });
  await expect(other.openText(ann, sealed)).rejects.toThrow(ProtocolError);
});
