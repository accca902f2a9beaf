import { ProtocolError } from '../errors.ts';
import { Allowance } from './allowance.ts';

/**
 * All packets of one peer. The quickest data channel that was measured moves 40 MB/s (facts.md B1), and 4 Gbit/s are
 * more than any network carries to a phone. At once: what gathers while the page is busy for two seconds.
 */
const BYTES_PER_SECOND = 512 * 1024 ** 2;
const BYTES_AT_ONCE = 2 * BYTES_PER_SECOND;
/** Small activations and words; a tab answers a ping in 1 ms, so a busy pair passes some 2,000 a second. */
const PACKETS_PER_SECOND = 20_000;
const PACKETS_AT_ONCE = 4 * PACKETS_PER_SECOND;
/**
 * Packets about the wire: four pings and four pongs a second, and an acknowledgement for each 256 KiB or 256 packets that
 * this side sends, which are 2,000 a second at its utmost.
 */
const BARE_PER_SECOND = 4000;
const BARE_AT_ONCE = 4 * BARE_PER_SECOND;

/** What one peer may send over its link, whatever it says: far above honest work, far below what would stop a page. */
export class TrafficLimits {
  readonly #bytes: Allowance;
  readonly #packets: Allowance;
  readonly #bare: Allowance;

  constructor(now: number) {
    this.#bytes = new Allowance(BYTES_PER_SECOND, BYTES_AT_ONCE, now);
    this.#packets = new Allowance(PACKETS_PER_SECOND, PACKETS_AT_ONCE, now);
    this.#bare = new Allowance(BARE_PER_SECOND, BARE_AT_ONCE, now);
  }

  /** A packet came, of so many bytes; `bare`: about the wire only. @throws ProtocolError when they are too many. */
  packet(bytes: number, bare: boolean, now: number): void {
    if (!this.#packets.take(1, now)) throw flood(`at most ${PACKETS_PER_SECOND} packets a second`);
    if (!this.#bytes.take(bytes, now)) throw flood(`at most ${BYTES_PER_SECOND} bytes a second`);
    if (bare && !this.#bare.take(1, now))
      throw flood(`at most ${BARE_PER_SECOND} packets of the wire a second`);
  }
}

/** The error for a peer that sends more than any honest page does. */
export function flood(expected: string): ProtocolError {
  return new ProtocolError(`A device floods this one: expected ${expected}, got more.`, {
    step: 'listen to a device',
    expected,
    actual: 'more',
  });
}
