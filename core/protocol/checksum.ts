/** Odd, so that multiplying loses nothing; the primes of xxHash32. */
const EVEN_PRIME = 0x9e3779b1;
const ODD_PRIME = 0x85ebca77;
const WORD = 4;
/** Words are taken in pairs, so each part counts as if zeros filled it up to this. */
const BLOCK = 8;

/**
 * A checksum against accidents, not against forgers: link, memory or code that damages a message. Two lanes take turns
 * over 32-bit words. A step of a lane loses nothing of its state nor of the word, and neither does the end, so that a
 * message in which one word differs has another sum for certain; any other change escapes about once in 2^32.
 */
export class Checksum {
  #even = 0x27d4eb2f;
  #odd = 0x165667b1;

  /** The next part of the message; where its length is no multiple of 8, zeros are taken to follow up to one. */
  add(part: Uint8Array<ArrayBuffer>): void {
    const { byteLength } = part;
    const whole = byteLength - (byteLength % BLOCK);
    this.#mix(wordsOf(part, whole));
    if (whole === byteLength) return;
    const end = new Uint8Array(BLOCK);
    end.set(part.subarray(whole));
    this.#mix(wordsOf(end, BLOCK));
  }

  /** Of all parts so far, as u32. */
  get sum(): number {
    return (Math.imul(rotated(this.#even), EVEN_PRIME) ^ this.#odd) >>> 0;
  }

  #mix(words: Uint32Array): void {
    let even = this.#even;
    let odd = this.#odd;
    for (let at = 0; at < words.length; at += 2) {
      even = Math.imul(rotated(even ^ (words[at] ?? 0)), EVEN_PRIME);
      odd = Math.imul(rotated(odd ^ (words[at + 1] ?? 0)), ODD_PRIME);
    }
    this.#even = even;
    this.#odd = odd;
  }
}

/** A product carries differences upwards only; this brings the high bits down again. */
function rotated(word: number): number {
  return (word << 13) | (word >>> 19);
}

/** As all machines that run the page have them: little-endian. Copies only where the part is not aligned. */
function wordsOf(part: Uint8Array<ArrayBuffer>, bytes: number): Uint32Array {
  const from = part.byteOffset % WORD === 0 ? part : part.slice(0, bytes);
  return new Uint32Array(from.buffer, from.byteOffset, bytes / WORD);
}
