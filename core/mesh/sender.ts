import { RequestFailedError } from '../errors.ts';
import { type MessageKind, PACKET_HEADER_BYTES, writePacketHeader } from '../protocol/packet.ts';
import { LARGEST_MESSAGE } from '../protocol/reassembler.ts';
import { PACKET_BYTES } from './flow.ts';
import type { BinaryKind } from './network.ts';
import { Outbox, OutgoingMessage } from './outbox.ts';
import { type RetainedPacket, RetainedPackets } from './retained.ts';
import type { Wire } from './wire.ts';

interface BinaryOptions {
  readonly signal: AbortSignal | undefined;
  readonly timed: ((message: number) => void) | undefined;
  readonly pump: () => void;
}

/** Turns messages into numbered packets, the most urgent first, and keeps each packet until it is acknowledged. */
export class Sender {
  readonly #outbox = new Outbox();
  readonly #retained = new RetainedPackets();
  /** Rejects each binary message that is not handed over yet. */
  readonly #failures = new Map<OutgoingMessage, (reason: unknown) => void>();
  #nextMessage = 1;
  #nextControl = 1;

  /** Nothing waits for a wire. */
  get isDrained(): boolean {
    return this.#outbox.isEmpty;
  }

  /** Something waits to be sent or acknowledged. */
  get isBusy(): boolean {
    return !this.#outbox.isEmpty || !this.#retained.isEmpty;
  }

  /** More small messages wait than the peer would take at once. */
  get isOverfull(): boolean {
    return this.#outbox.isOverfull;
  }

  /** The number of the last packet that the peer is known to have; undefined when nothing is under way. */
  get awaited(): number | undefined {
    return this.#retained.isEmpty ? undefined : this.#retained.acknowledged;
  }

  /** @throws RangeError when the message is too large: the sender of a control message knows its size. */
  control(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.byteLength > LARGEST_MESSAGE.control) {
      throw new RangeError(`a control message of ${bytes.byteLength} bytes`);
    }
    this.#outbox.push(new OutgoingMessage('control', this.#nextControl++, [bytes]));
  }

  /** Returns the number of the message, by which the other side answers. */
  probe(parts: readonly Uint8Array<ArrayBuffer>[]): number {
    const message = this.#nextMessage++;
    this.#outbox.push(new OutgoingMessage('probe', message, parts, { timed: true }));
    return message;
  }

  /** Tells the other side that its message is whole here. */
  receipt(message: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#outbox.push(new OutgoingMessage('receipt', message, [bytes]));
  }

  /**
   * Resolves when the last slice became a packet. The caller pumps afterwards, and when `pump` is called. With `timed`,
   * the other side is asked for a receipt, and `timed` is told the number by which it answers.
   * @throws RequestFailedError when the message is too large; the signal's reason on abort; what {@link close} was given.
   */
  binary(
    kind: BinaryKind,
    parts: readonly Uint8Array<ArrayBuffer>[],
    { signal, timed, pump }: BinaryOptions,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const settle = (): void => {
        this.#failures.delete(message);
        signal?.removeEventListener('abort', abort);
      };
      const message = new OutgoingMessage(kind, this.#nextMessage++, parts, {
        timed: timed !== undefined,
        done: () => {
          settle();
          resolve();
        },
      });
      if (message.total > LARGEST_MESSAGE[kind]) throw tooLarge(kind, message.total);
      const fail = (reason: unknown): void => {
        settle();
        reject(reason);
      };
      const abort = (): void => {
        this.#giveUp(message);
        fail(signal?.reason);
        pump();
      };
      this.#failures.set(message, fail);
      signal?.addEventListener('abort', abort);
      this.#outbox.push(message);
      timed?.(message.message);
    });
  }

  /** The next packet to hand to a wire: what a lost wire swallowed first. */
  next(bulkAllowed: boolean): RetainedPacket | undefined {
    return this.#retained.takeWaiting() ?? this.#makePacket(bulkAllowed);
  }

  /** @throws ProtocolError when that was never sent. */
  acknowledge(sequence: number): void {
    this.#retained.acknowledge(sequence);
  }

  lose(wire: Wire): void {
    this.#retained.lose(wire);
  }

  close(error: Error): void {
    this.#outbox.clear();
    this.#retained.clear();
    for (const fail of [...this.#failures.values()]) fail(error);
  }

  #makePacket(bulkAllowed: boolean): RetainedPacket | undefined {
    if (this.#retained.isFull) return undefined;
    const message = this.#outbox.next(bulkAllowed);
    if (!message) return undefined;
    const { kind, offset, total, timed } = message;
    const room = PACKET_BYTES - PACKET_HEADER_BYTES;
    const packet = new Uint8Array(PACKET_HEADER_BYTES + message.sliceBytes(room));
    const sequence = this.#retained.nextSequence();
    writePacketHeader(packet, {
      kind,
      sequence,
      acknowledged: 0,
      message: message.message,
      total,
      offset,
      timed,
    });
    const retained = this.#retained.add(packet);
    message.fill(packet.subarray(PACKET_HEADER_BYTES));
    if (message.finished) this.#outbox.remove(message);
    return retained;
  }

  #giveUp(message: OutgoingMessage): void {
    if (!this.#outbox.remove(message) || !message.begun) return;
    this.#outbox.push(new OutgoingMessage('cancel', message.message, []));
  }
}

function tooLarge(kind: MessageKind, bytes: number): RequestFailedError {
  const expected = `at most ${LARGEST_MESSAGE[kind]} bytes`;
  return new RequestFailedError(`A message is too large to send: ${expected}, got ${bytes} bytes.`, {
    step: `send ${kind === 'activation' ? 'an activation' : 'a piece of a shard'}`,
    expected,
    actual: `${bytes} bytes`,
  });
}
