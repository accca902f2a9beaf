import { ProtocolError } from '../errors.ts';

/** Bytes as text that needs no escaping in a URL or in JSON; without padding. */
export function toBase64url(bytes: Uint8Array): string {
  let binary = '';
  // One by one: spreading a long array into one call overflows the stack.
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @throws ProtocolError, without quoting the text. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  // A single character left over holds 6 bits: no byte.
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    throw new ProtocolError('A text is not base64url.', { step: 'decode base64url', expected: 'base64url' });
  }
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
