import type { PeerId } from '../ids.ts';
import type { Clock } from './clock.ts';
import type { Dial } from './dial.ts';
import type { Rendezvous } from './rendezvous.ts';

/** Everything outside that `new Mesh(options)` touches. */
export interface MeshOptions {
  readonly me: PeerId;
  readonly rendezvous: Rendezvous;
  /** Makes direct wires; a device without RTC passes `null` and is reached through the relay. */
  readonly dial: Dial | null;
  readonly clock: Clock;
  /** A random integer in [0, 2^32). */
  readonly random32: () => number;
  /** Told of the message for which a peer was shown out, just before its link ends; a ProtocolError. */
  readonly report: (peer: PeerId, error: Error) => void;
}
