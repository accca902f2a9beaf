import { ProtocolError } from '../errors.ts';
import type { PeerId, RoomId } from '../ids.ts';
import type { DoorProof } from '../protocol/signaling.ts';
import { fromBase64url, toBase64url } from './base64url.ts';

/** 128 bits: nobody can guess it, and it still fits into a small QR code. */
const LEAST_SECRET_BYTES = 16;

/**
 * What is sealed, in bytes; the cipher's tag is its last 16.
 *
 *     0        8        12
 *     | prefix | counter | ciphertext and tag …
 *
 * Prefix and counter are the nonce. The prefix is drawn once per page, because all pages of a room share the
 * key: with 64 bits, a million pages collide with a chance of 1 in 37 million.
 */
const PREFIX_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_COUNTER = 0xffff_ffff;

/** Far more pages than anybody opens while this one is open; the oldest are forgotten beyond it. */
const REMEMBERED_PAGES = 1024;

/** What the seal is for; a seal for one purpose does not open for another. */
type Purpose = 'signal' | 'relay' | 'card';

export interface SealOptions {
  readonly subtle: SubtleCrypto;
  /** Cryptographically random bytes. */
  readonly random: (bytes: number) => Uint8Array<ArrayBuffer>;
  readonly room: RoomId;
  /** Base64url, from the fragment of the room's link. */
  readonly secret: string;
  readonly me: PeerId;
}

/**
 * Everything made from a room's secret. Sender, recipient and purpose are authenticated, and each seal opens
 * once, so the server can neither read, forge, redirect, reflect nor repeat what it passes on.
 */
export class RoomSeal {
  /** What the server compares. Tells nothing of the secret nor of the key. */
  readonly proof: DoorProof;
  readonly me: PeerId;
  readonly #subtle: SubtleCrypto;
  readonly #key: CryptoKey;
  readonly #prefix: Uint8Array<ArrayBuffer>;
  #counter = 0;
  /** The highest counter opened, by sender and prefix. */
  readonly #opened = new Map<string, number>();

  /** Derives proof and key by HKDF-SHA-256 (RFC 5869). @throws ProtocolError when the secret is malformed or short. */
  static async derive(options: SealOptions): Promise<RoomSeal> {
    const { subtle, room, secret } = options;
    const bytes = fromBase64url(secret);
    if (bytes.byteLength < LEAST_SECRET_BYTES) {
      throw new ProtocolError('The secret in the link is too short.', {
        step: 'read the secret of the room',
        expected: `at least ${LEAST_SECRET_BYTES} bytes`,
        actual: `${bytes.byteLength} bytes`,
      });
    }
    const base = await subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits', 'deriveKey']);
    const hkdf = (info: string): HkdfParams => ({
      name: 'HKDF',
      hash: 'SHA-256',
      salt: utf8(room),
      info: utf8(info),
    });
    const proof = await subtle.deriveBits(hkdf('potluck door proof 1'), base, 256);
    const aes = { name: 'AES-GCM', length: 256 };
    const key = await subtle.deriveKey(hkdf('potluck room key 1'), base, aes, false, ['encrypt', 'decrypt']);
    return new RoomSeal(options, toBase64url(new Uint8Array(proof)), key);
  }

  private constructor({ subtle, random, me }: SealOptions, proof: DoorProof, key: CryptoKey) {
    this.proof = proof;
    this.me = me;
    this.#subtle = subtle;
    this.#key = key;
    this.#prefix = random(PREFIX_BYTES);
  }

  /** The bytes may be reused as soon as this returns. */
  sealPacket(to: PeerId, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return this.#seal('relay', to, bytes);
  }

  /** @throws ProtocolError when it is forged, damaged, repeated or not for us. Call in order of arrival. */
  openPacket(from: PeerId, sealed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return this.#open('relay', from, this.me, sealed);
  }

  async sealText(to: PeerId, text: string): Promise<string> {
    return toBase64url(await this.#seal('signal', to, utf8(text)));
  }

  /** @throws ProtocolError as {@link openPacket}. */
  async openText(from: PeerId, sealed: string): Promise<string> {
    return new TextDecoder().decode(await this.#open('signal', from, this.me, fromBase64url(sealed)));
  }

  /** For the leader, whoever that is: who knocks does not know yet. */
  async sealCard(text: string): Promise<string> {
    return toBase64url(await this.#seal('card', 'leader', utf8(text)));
  }

  /** A card may come again, when the leader does. @throws ProtocolError when it is forged or damaged. */
  async openCard(from: PeerId, sealed: string): Promise<string> {
    return new TextDecoder().decode(await this.#open('card', from, 'leader', fromBase64url(sealed)));
  }

  async #seal(
    purpose: Purpose,
    to: string,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    // 2^32 packets of 64 KiB are 280 TB. A nonce must never come twice, so there is no wrapping around.
    if (this.#counter > MAX_COUNTER) throw new RangeError('this page has sealed all it may');
    const nonce = new Uint8Array(NONCE_BYTES);
    nonce.set(this.#prefix);
    new DataView(nonce.buffer).setUint32(PREFIX_BYTES, this.#counter++);
    // No await before this call: it copies the bytes while the caller still owns them.
    const cipher = await this.#subtle.encrypt(gcm(nonce, purpose, this.me, to), this.#key, bytes);
    const sealed = new Uint8Array(NONCE_BYTES + cipher.byteLength);
    sealed.set(nonce);
    sealed.set(new Uint8Array(cipher), NONCE_BYTES);
    return sealed;
  }

  async #open(
    purpose: Purpose,
    from: PeerId,
    to: string,
    sealed: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (sealed.byteLength < NONCE_BYTES + TAG_BYTES) throw refused(purpose, 'too short');
    const nonce = sealed.slice(0, NONCE_BYTES);
    if (purpose !== 'card' && !this.#isNew(from, nonce)) throw refused(purpose, 'a repetition');
    try {
      const plain = await this.#subtle.decrypt(
        gcm(nonce, purpose, from, to),
        this.#key,
        sealed.subarray(NONCE_BYTES),
      );
      return new Uint8Array(plain);
    } catch (cause) {
      throw refused(purpose, 'sealed with another key, for another peer, or damaged', cause);
    }
  }

  /** The server passes on in order, so counters of a page only rise. */
  #isNew(from: PeerId, nonce: Uint8Array<ArrayBuffer>): boolean {
    const page = `${from} ${toBase64url(nonce.subarray(0, PREFIX_BYTES))}`;
    const counter = new DataView(nonce.buffer).getUint32(PREFIX_BYTES);
    if (counter <= (this.#opened.get(page) ?? -1)) return false;
    // To the end of the map, so that its first entry is the one silent for longest.
    this.#opened.delete(page);
    this.#opened.set(page, counter);
    for (const [oldest] of this.#opened) {
      if (this.#opened.size <= REMEMBERED_PAGES) break;
      this.#opened.delete(oldest);
    }
    return true;
  }
}

function gcm(iv: Uint8Array<ArrayBuffer>, purpose: Purpose, from: string, to: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: utf8(`${purpose} ${from} ${to}`) };
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function refused(purpose: Purpose, actual: string, cause?: unknown): ProtocolError {
  return new ProtocolError(
    `A sealed ${purpose} was refused: ${actual}.`,
    { step: `open a sealed ${purpose}`, expected: 'a seal of this room, for this device', actual },
    { cause },
  );
}
