import type { PeerId, Sha256 } from '../ids.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { ModelCard } from '../session/state.ts';
import type { Calibration } from './calibration.ts';
import type { OriginCard } from './origin-card.ts';

/** What was read of one file of a model while its graph was read: no weights but small ones. '' is the model itself. */
export interface GraphFile {
  readonly name: string;
  readonly size: number;
  readonly parts: readonly { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
}

/** What a device needs to lead in another's place: the model without its weights, and what was measured of it. */
export interface Inheritance {
  readonly card: ModelCard;
  readonly origin: OriginCard | null;
  readonly hashes: readonly (Sha256 | null)[];
  readonly calibration: Calibration;
  /** Bench time of the device that calibrated. */
  readonly benchMs: number;
  readonly times: readonly (readonly [PeerId, DeviceTimes])[];
  readonly files: readonly GraphFile[];
}
